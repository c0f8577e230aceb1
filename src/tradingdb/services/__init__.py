"""Verbs and questions, one module per domain. A verb takes a session first and never commits."""
