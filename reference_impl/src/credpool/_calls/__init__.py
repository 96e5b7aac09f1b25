"""One call through an HTTP client: what is sent, what is read of the reply, and the token client."""
