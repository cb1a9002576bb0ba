"""Copies of everything, made while the server runs, and checked before anybody relies on them.

layout.py what stands in a backup · database.py the ledger's copy · make.py · check.py · restore.py
"""
