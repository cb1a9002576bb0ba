"""Routes: toilets."""

from fastapi import APIRouter

router = APIRouter()
