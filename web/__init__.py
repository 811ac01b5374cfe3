"""What the server needs beside its routes: who may do what, problems, JSON in and out, waitress."""
