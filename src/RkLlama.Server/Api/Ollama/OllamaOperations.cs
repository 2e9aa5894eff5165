using RkLlama.Server.Api.Ollama.Models;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Ollama;

/// <summary>Describes the endpoints of the Ollama API in the OpenAPI document.</summary>
internal static class OllamaOperations
{
    private const string Lines = "application/x-ndjson";

    internal static Operation Version { get; } = new("getOllamaVersion", "Returns the Ollama version whose API this is") { Reply = typeof(OllamaVersion) };

    internal static Operation Tags { get; } = new("listOllamaModels", "Lists the models")
    {
        Reply = typeof(OllamaModels),
        Errors = [500],
    };

    internal static Operation Running { get; } = new("listRunningModels", "Lists the loaded model, if there is one") { Reply = typeof(OllamaModels) };

    internal static Operation Show { get; } = new("showModel", "Shows information about a model")
    {
        Body = typeof(OllamaShowBody),
        Example = """{"model": "demo"}""",
        Reply = typeof(OllamaShowReply),
        Errors = [404],
    };

    internal static Operation Copy { get; } = new("copyModel", "Copies a model")
    {
        Description = "The copy is independent of the original, and shares its large files on the disk. If the copy fails, nothing has changed; "
            + "the status is 507 if the disk is full. The response has no body.",
        Body = typeof(OllamaCopyBody),
        Example = """{"source": "demo", "destination": "demo-copy"}""",
        Errors = [404, 500, 507],
    };

    internal static Operation Rename { get; } = new("renameModel", "Renames a model")
    {
        Description = "Not in Ollama. If the model is loaded, the server unloads it after its active run, and the next request for the new name loads it again. "
            + "If the renaming fails, nothing has changed.",
        Body = typeof(OllamaRenameBody),
        Example = """{"source": "demo", "destination": "demo-renamed"}""",
        Reply = typeof(OllamaRenameReply),
        Errors = [404, 500],
    };

    internal static Operation Delete { get; } = new("deleteModel", "Unloads and deletes a model")
    {
        Description = "The server unloads the model after its active run. If the deletion fails, nothing has changed, and the model stays loaded. "
            + "The request has a body, the response has none.",
        Body = typeof(OllamaDeleteBody),
        Example = """{"model": "demo-copy"}""",
        Errors = [404, 500],
    };

    internal static Operation Chat { get; } = new("chat", "Generates the next message of a conversation")
    {
        Description = "If the model is not loaded, the server loads it.",
        Body = typeof(OllamaChatBody),
        Example = """
            {
              "model": "demo",
              "messages": [
                {"role": "user", "content": "What is the capital of France?"},
                {"role": "assistant", "content": "Paris."},
                {"role": "user", "content": "And of Italy?"}
              ],
              "stream": false,
              "options": {"num_predict": 200},
              "keep_alive": "5m"
            }
            """,
        Reply = typeof(OllamaChatReply),
        StreamItem = typeof(OllamaChatReply),
        StreamContentType = Lines,
        RunsModel = true,
        IsReplaceable = true,
        HasSamplingFields = true,
        Errors = [404],
    };

    internal static Operation Generate { get; } = new("generateText", "Generates the answer to a prompt")
    {
        Description = "If the model is not loaded, the server loads it.",
        Body = typeof(OllamaGenerateBody),
        Example = """{"model": "demo", "prompt": "What is the capital of France?", "stream": false, "options": {"num_predict": 200}}""",
        Reply = typeof(OllamaGenerateReply),
        StreamItem = typeof(OllamaGenerateReply),
        StreamContentType = Lines,
        RunsModel = true,
        IsReplaceable = true,
        HasSamplingFields = true,
        Errors = [404],
    };

    internal static Operation Embed { get; } = new("embed", "Creates embeddings")
    {
        Description = "For embedding models. Each text gets one vector, normalized to length 1.",
        Body = typeof(OllamaEmbedBody),
        Example = """{"model": "demo-embedding", "input": ["one text", "another"]}""",
        Reply = typeof(OllamaEmbedReply),
        RunsModel = true,
        IsReplaceable = true,
        Errors = [404],
    };

    internal static Operation EmbedOne { get; } = new("embedOne", "Creates the embedding of one text (older endpoint)")
    {
        Body = typeof(OllamaEmbeddingsBody),
        Example = """{"model": "demo-embedding", "prompt": "one text"}""",
        Reply = typeof(OllamaEmbeddingReply),
        RunsModel = true,
        IsReplaceable = true,
        Errors = [404],
    };

    internal static Operation Pull { get; } = new("pullOllamaModel", "Downloads a model")
    {
        Description = "Downloads a model from Hugging Face or ModelScope: a short name, owner/repository or owner/repository/file.rkllm. Requests for the same model share one download. It ends when the last client has disconnected, and the next one continues it.",
        Body = typeof(OllamaPullBody),
        Example = """{"model": "demo"}""",
        Reply = typeof(OllamaPullStatus),
        StreamItem = typeof(OllamaPullStatus),
        StreamContentType = Lines,
        Errors = [400, 403, 404, 502, 503, 507],
    };

    internal static Operation StopPull { get; } = new("stopOllamaPull", "Stops the download of a model")
    {
        Description = "Not in Ollama. Ends the download for all clients that wait for it, and the attempts of a download at start (--pull). What was downloaded is kept, and the next pull continues it.",
        Body = typeof(OllamaStopPullBody),
        Example = """{"model": "qwen3:4b"}""",
        Reply = typeof(OllamaPullStatus),
        Errors = [404],
        NotFound = "The model is not being downloaded.",
    };

    internal static Operation Create { get; } = new("createOllamaModel", "Makes a model of another one")
    {
        Description = "The new model shares the .rkllm file of the other one on the disk, and has its settings, except those that the request sets. If there is a model with the new name, the new one replaces it in one step; if that is loaded, the server unloads it after its active run. If the request fails, nothing has changed.",
        Body = typeof(OllamaCreateBody),
        Example = """
            {
              "model": "demo-pirate",
              "from": "demo",
              "system": "You are a pirate.",
              "parameters": {"temperature": 0.5, "stop": ["User:"]},
              "license": "MIT",
              "messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Ahoy!"}],
              "stream": false
            }
            """,
        Reply = typeof(OllamaPullStatus),
        StreamItem = typeof(OllamaPullStatus),
        StreamContentType = Lines,
        Errors = [404, 500, 502, 507],
    };

    internal static Operation FindBlob { get; } = new("findOllamaBlob", "Always 404: the node stores no blobs") { Errors = [404], NotFound = "The node stores no blobs." };

    internal static Operation AddBlob { get; } = new("addOllamaBlob", "Not implemented: the node stores no blobs") { IsNotImplemented = true };

    internal static Operation Push { get; } = new("pushOllamaModel", "Not implemented") { IsNotImplemented = true };
}
