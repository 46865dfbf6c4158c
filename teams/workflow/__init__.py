"""The workflow language, v1: pure Python, no framework, no clock.

`parsing` reads any JSON value into a `definition`, or into `problems`; `compiling` and `graph` turn a
definition into a `plan`, which an execution stores. `json_text` is the door for text.
"""
