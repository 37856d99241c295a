"""The connection to ProphetX. It consists of the session, the REST calls and the websocket feed. Each dialect (a
version of the exchange's API) has its own folder."""
