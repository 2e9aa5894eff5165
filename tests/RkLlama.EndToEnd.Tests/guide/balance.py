import requests
import random

NODES = [
    "http://10.10.88.73:8080",
    "http://10.10.88.74:8080",
    "http://10.10.88.75:8080",
    "http://10.10.88.76:8080",
]

def generate(prompt):
    node = random.choice(NODES)
    response = requests.post(f"{node}/generate", json={
        "messages": [{"role": "user", "content": prompt}]
    })
    return response.json()

print(generate("Hello!"))
