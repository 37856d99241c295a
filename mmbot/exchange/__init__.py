"""Talk to ProphetX: the session, the REST calls and the websocket feed. Each dialect (version of its API) has a
folder."""
