"""The venue on the wire: REST and Pusher servers, sessions, faults."""
