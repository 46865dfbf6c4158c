"""The workflow language, v1: pure Python, no framework, no clock.

`definition` holds the document as typed values, `parsing` turns JSON into one or into problems,
`graph` compiles it, and `plan` is what comes out: the compiled graph that an execution stores.
"""
