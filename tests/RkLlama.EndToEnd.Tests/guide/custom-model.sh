# On each node
mkdir -p ~/RKLLAMA/models/MyModel

cat > ~/RKLLAMA/models/MyModel/Modelfile << 'EOF'
FROM="mymodel.rkllm"
HUGGINGFACE_PATH="username/tokenizer-repo"
SYSTEM=""
TEMPERATURE=1.0
EOF

# Copy or symlink the model file
ln -s /path/to/mymodel.rkllm ~/RKLLAMA/models/MyModel/mymodel.rkllm
curl -X POST http://localhost:8080/load_model -H "Content-Type: application/json" -d '{"model_name": "MyModel"}'
