using RkLlama.Server.Api.OpenAi.Chat;
using RkLlama.Server.Api.OpenAi.Completions;
using RkLlama.Server.Api.OpenAi.Embeddings;
using RkLlama.Server.Api.OpenAi.Rerank;
using RkLlama.Server.Api.OpenAi.Responses;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>Describes the endpoints of the OpenAI API in the OpenAPI document.</summary>
internal static class OpenAiOperations
{
    internal static Operation ListModels { get; } = new("listModels", "Lists the models")
    {
        Description = "With the request header anthropic-version, the answer has the form of the Anthropic API: data, has_more, first_id and last_id.",
        Reply = typeof(ModelList),
        Errors = [500],
    };

    internal static Operation GetModel { get; } = new("getModel", "Returns one model")
    {
        Description = "Slashes in the name may be sent as `/` or `%2F`. With the request header anthropic-version, the answer has the form of the Anthropic API.",
        Reply = typeof(ModelCard),
        Errors = [404],
    };

    internal static Operation DeleteModel { get; } = new("deleteModelById", "Deletes a model")
    {
        Description = "Unloads the model first.",
        Reply = typeof(ModelDeletion),
        Errors = [404, 500],
    };

    internal static Operation CreateChatCompletion { get; } = new("createChatCompletion", "Creates a chat completion")
    {
        Description = "If the model is not loaded, the server loads it. The last event of a stream is `data: [DONE]`.",
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
        StreamItem = typeof(ChatCompletionChunk),
        RunsModel = true,
        IsReplaceable = true,
        HasSamplingFields = true,
        Errors = [404],
    };

    internal static Operation CreateCompletion { get; } = new("createCompletion", "Creates a text completion without a chat template")
    {
        Description = "If the model is not loaded, the server loads it. The last event of a stream is `data: [DONE]`.",
        Body = typeof(TextCompletionBody),
        Example = """{"model": "demo", "prompt": "The capital of France is", "max_tokens": 20}""",
        Reply = typeof(TextCompletion),
        StreamItem = typeof(TextCompletion),
        RunsModel = true,
        IsReplaceable = true,
        HasSamplingFields = true,
        Errors = [404],
    };

    internal static Operation CreateResponse { get; } = new("createResponse", "Creates a model response (Responses API)")
    {
        Description = "If the model is not loaded, the server loads it. Nothing is stored: previous_response_id, conversation and prompt are refused. "
            + "The last event of a stream is response.completed or response.incomplete, or an event of type error if the stream fails.",
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
        StreamItem = typeof(ResponseEvent),
        RunsModel = true,
        IsReplaceable = true,
        HasSamplingFields = true,
        Errors = [404],
    };

    internal static Operation CountInputTokens { get; } = new("countInputTokens", "Counts the tokens of the prompt of a model response")
    {
        Description = "The body is that of POST /v1/responses. The model is not loaded.",
        Body = typeof(ResponsesBody),
        Example = CreateResponse.Example,
        Reply = typeof(ResponseInputTokens),
        Errors = [404],
    };

    internal static Operation CreateEmbeddings { get; } = new("createEmbeddings", "Creates embeddings")
    {
        Description = "For embedding models. Each text gets one vector, normalized to length 1.",
        Body = typeof(EmbeddingsBody),
        Example = """{"model": "demo-embedding", "input": ["one text", "another"], "encoding_format": "base64"}""",
        Reply = typeof(EmbeddingList),
        RunsModel = true,
        IsReplaceable = true,
        Errors = [404],
    };

    internal static Operation Rerank { get; } = RerankAlias("rerank");

    /// <summary>Describes one of the paths for reranking.</summary>
    internal static Operation RerankAlias(string id) => new(id, "Judges how relevant documents are for a query")
    {
        Description = "For reranking models. The results are sorted, the best one first. With `texts` in place of `documents`, the answer is an array of `index` and `score`.",
        Body = typeof(RerankBody),
        Example = """{"model": "demo-reranker", "query": "What is an NPU?", "documents": ["A processor for neural networks.", "A kind of bread."], "top_n": 1}""",
        Reply = typeof(RerankReply),
        RunsModel = true,
        IsReplaceable = true,
        Errors = [404],
    };
}
