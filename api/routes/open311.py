"""Routes: open311."""

from fastapi import APIRouter

router = APIRouter()
