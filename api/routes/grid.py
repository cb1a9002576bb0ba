"""Routes: grid."""

from fastapi import APIRouter

router = APIRouter()
