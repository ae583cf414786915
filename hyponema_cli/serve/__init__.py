"""How do programs use hyp over HTTP? By the routes of both guides, over the workspace file that the commands use.

The server has no rules of its own: a route reads what is asked, calls what the command calls, and writes what the
command prints. FastAPI and uvicorn are imported in this folder only.
"""
