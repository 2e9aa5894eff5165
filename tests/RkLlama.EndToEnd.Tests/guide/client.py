import requests

BASE_URL = "http://10.10.88.73:8080"

# Load model
requests.post(f"{BASE_URL}/load_model", json={"model_name": "DeepSeek-R1-1.5B"})

# Generate response
response = requests.post(f"{BASE_URL}/generate", json={
    "messages": [{"role": "user", "content": "Hello!"}]
})

data = response.json()
print(data["choices"][0]["content"])
print(f"Speed: {data['usage']['tokens_per_second']:.1f} tok/s")
