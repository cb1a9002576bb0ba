"""Routes: feedback."""

from fastapi import APIRouter

router = APIRouter()
