"""Routes: queue."""

from fastapi import APIRouter

router = APIRouter()
