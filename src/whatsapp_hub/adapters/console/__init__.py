"""The agents' console: files built from `app/`, served to browsers. Imports no other adapter."""
