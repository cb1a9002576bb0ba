"""Routes: photos."""

from fastapi import APIRouter

router = APIRouter()
