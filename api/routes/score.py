"""Routes: score."""

from fastapi import APIRouter

router = APIRouter()
