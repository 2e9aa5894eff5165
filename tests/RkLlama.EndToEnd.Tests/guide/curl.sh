curl http://10.10.88.73:8080/
# ---
curl http://10.10.88.73:8080/models
# ---
curl http://10.10.88.73:8080/current_model
# ---
curl -X POST http://10.10.88.73:8080/load_model \
  -H "Content-Type: application/json" \
  -d '{"model_name": "DeepSeek-R1-1.5B"}'
# ---
curl http://10.10.88.73:8080/current_model
# ---
curl -X POST http://10.10.88.73:8080/generate \
  -H "Content-Type: application/json" \
  -d '{
    "messages": [{"role": "user", "content": "What is the capital of France?"}]
  }'
# ---
curl -X POST http://10.10.88.73:8080/generate \
  -H "Content-Type: application/json" \
  -d '{
    "messages": [{"role": "user", "content": "Count to 5"}],
    "stream": true
  }'
# ---
curl -X POST http://10.10.88.73:8080/generate \
  -H "Content-Type: application/json" \
  -d '{
    "messages": [
      {"role": "user", "content": "My name is Alice."},
      {"role": "assistant", "content": "Hello Alice! Nice to meet you."},
      {"role": "user", "content": "What is my name?"}
    ]
  }'
# ---
curl -X POST http://10.10.88.73:8080/unload_model
