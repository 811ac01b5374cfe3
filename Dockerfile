# The server in a container:
#   docker build -t digits .
#   docker run -p 5000:5000 -v digits:/kept -e DIGITS_TOKEN=... -e DIGITS_HOSTS=digits.example digits
# The volume keeps the model and the corrections; without DIGITS_TOKEN nobody can teach. SECURITY.md says more.
FROM python:3.12-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /digits
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .

RUN useradd --system digits && install -d -o digits /kept
USER digits
VOLUME /kept
ENV DIGITS_HOST=0.0.0.0 DIGITS_MODEL=/kept/model.npz DIGITS_DATA=/kept PYTHONUNBUFFERED=1
EXPOSE 5000

# Readiness: the model is loaded, and answers. Where a container that hangs is restarted, ask /healthz/live.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://localhost:5000/healthz', timeout=4)"]
CMD ["python", "server.py"]
