"""One handler, served: Flask on waitress.

    lines         what it prints and logs → lines with time, level and request
    tracebacks    exceptions as their author wants to see them
    loading       the handler's file → a WSGI application
    application   requests → `Handler.run`
    server        waitress, with an end that cuts no answer short
    serve         the whole of it, from a listening socket to an exit code
    child         a fork of the zygote: waits for an order, and becomes a host
    fork_server   the zygote: all of this imported once, a child for each pod

Runs in the handlers' environment, beside their code: the standard library, Flask and waitress, nothing else of ours.
"""
