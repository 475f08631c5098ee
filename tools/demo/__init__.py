"""How the demo store is made: real servers, and manifests of this project's own."""
