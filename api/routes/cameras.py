"""Routes: cameras."""

from fastapi import APIRouter

router = APIRouter()
