using RkLlama.Server.Api.OpenAi.Chat;
using RkLlama.Server.Api.OpenAi.Completions;
using RkLlama.Server.Api.OpenAi.Embeddings;
using RkLlama.Server.Api.OpenAi.Responses;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>The OpenAI API in the document.</summary>
internal static class OpenAiOperations
{
    internal static Operation ListModels { get; } = new("listModels", "Lists the models of the node")
    {
        Reply = typeof(ModelList),
        Errors = [500],
    };

    internal static Operation GetModel { get; } = new("getModel", "Describes a model")
    {
        Description = "Slashes in the name may be escaped or not.",
        Reply = typeof(ModelCard),
        Errors = [404],
    };

    internal static Operation CreateChatCompletion { get; } = new("createChatCompletion", "Answers a conversation")
    {
        Description = "Loads the model that it names, if need be. The last event of a stream is `data: [DONE]`.",
        Body = typeof(ChatCompletionBody),
        Example = """
            {
              "model": "demo",
              "messages": [
                {"role": "system", "content": "Answer briefly."},
                {"role": "user", "content": [{"type": "text", "text": "How is the weather in Paris?"}]},
                {"role": "assistant", "content": null, "tool_calls": [
                  {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\": \"Paris\"}"}}
                ]},
                {"role": "tool", "tool_call_id": "call_1", "content": "18 °C, sunny"}
              ],
              "tools": [{"type": "function", "function": {
                "name": "get_weather",
                "description": "The weather of a city",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
              }}]
            }
            """,
        Reply = typeof(ChatCompletion),
        Part = typeof(ChatCompletionChunk),
        IsRun = true,
        IsReplaceable = true,
        Samples = true,
        Errors = [404, 422],
    };

    internal static Operation CreateCompletion { get; } = new("createCompletion", "Continues a text as it is, without a chat template")
    {
        Description = "Loads the model that it names, if need be. The last event of a stream is `data: [DONE]`.",
        Body = typeof(TextCompletionBody),
        Example = """{"model": "demo", "prompt": "The capital of France is", "max_tokens": 20}""",
        Reply = typeof(TextCompletion),
        Part = typeof(TextCompletion),
        IsRun = true,
        IsReplaceable = true,
        Samples = true,
        Errors = [404],
    };

    internal static Operation CreateResponse { get; } = new("createResponse", "Answers a conversation, in the newer form")
    {
        Description = "Loads the model that it names, if need be. Nothing is kept: previous_response_id, conversation and prompt are refused. "
            + "A stream ends with response.completed or response.incomplete; one that fails, with an event of the type error.",
        Body = typeof(ResponsesBody),
        Example = """
            {
              "model": "demo",
              "instructions": "Answer briefly.",
              "input": [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "How is the weather in Paris?"}]},
                {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{\"city\": \"Paris\"}"},
                {"type": "function_call_output", "call_id": "call_1", "output": "18 °C, sunny"}
              ],
              "tools": [{"type": "function", "name": "get_weather", "description": "The weather of a city", "parameters": {"type": "object"}}]
            }
            """,
        Reply = typeof(Response),
        Part = typeof(ResponseEvent),
        IsRun = true,
        IsReplaceable = true,
        Samples = true,
        Errors = [404, 422],
    };

    internal static Operation CreateEmbeddings { get; } = new("createEmbeddings", "Makes a vector of each text")
    {
        Description = "Takes an embedding model. The vectors have the length 1.",
        Body = typeof(EmbeddingsBody),
        Example = """{"model": "demo-embedding", "input": ["one text", "another"], "encoding_format": "base64"}""",
        Reply = typeof(EmbeddingList),
        IsRun = true,
        IsReplaceable = true,
        Errors = [404],
    };
}
