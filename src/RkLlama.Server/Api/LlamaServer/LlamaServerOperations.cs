using RkLlama.Server.Api.LlamaServer.Infill;
using RkLlama.Server.Api.LlamaServer.Streams;
using RkLlama.Server.Api.LlamaServer.Tokens;
using RkLlama.Server.Api.OpenAi.Chat;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.LlamaServer;

/// <summary>Describes the endpoints of <see cref="LlamaServerApi"/> in the OpenAPI document.</summary>
internal static class LlamaServerOperations
{
    internal static Operation Props { get; } = new("getProps", "Returns the properties of a model")
    {
        Description = "The parameter model names a model; by default it is the loaded one.",
        Reply = typeof(PropsReply),
        Errors = [400, 404],
    };

    internal static Operation Slots { get; } = new("listSlots", "Lists the workers of the models in memory")
    {
        Description = "With the parameter fail_on_no_slot, the status is 503 if no worker is free.",
        Reply = typeof(SlotReply[]),
    };

    internal static Operation ApplyTemplate { get; } = new("applyTemplate", "Makes the prompt of a conversation")
    {
        Description = "The body is that of POST /v1/chat/completions. The model is not loaded.",
        Body = typeof(ChatCompletionBody),
        Example = """{"model": "demo", "messages": [{"role": "user", "content": "How is the weather in Paris?"}]}""",
        Reply = typeof(ApplyTemplateReply),
        Errors = [404],
    };

    internal static Operation Infill { get; } = new("infill", "Generates the text of a gap (fill in the middle)")
    {
        Description = "If the model is not loaded, the server loads it. The last event of a stream has stop true.",
        Body = typeof(InfillBody),
        Example = """{"model": "demo", "input_extra": [{"filename": "one.py", "text": "x = 1"}], "input_prefix": "def add(a, b):\n    return ", "input_suffix": "\n", "n_predict": 20}""",
        Reply = typeof(InfillReply),
        StreamItem = typeof(InfillReply),
        RunsModel = true,
        IsReplaceable = true,
        HasSamplingFields = true,
        Errors = [404],
    };

    internal static Operation LookUpStreams { get; } = new("lookUpStreams", "Tells which resumable streams there are")
    {
        Description = "The server lists only ids that the request names.",
        Body = typeof(StreamLookupBody),
        Example = """{"conversation_ids": ["my-conversation"]}""",
        Reply = typeof(StreamReply[]),
    };

    /// <summary>Describes one of the paths that continue a stream.</summary>
    internal static Operation ResumeStream(string id) => new(id, "Continues a resumable stream")
    {
        Description = "A stream is resumable if its request had the header X-Conversation-Id with this id, or conv_id in the query. The answer begins behind the event with the id in the header Last-Event-ID, "
            + "else at the byte with the number from in the query, else at the start. It has the content type of the stream.",
        StreamItem = typeof(ChatCompletionChunk),
        NotFound = "There is no such stream of this API key.",
        Errors = [400, 404],
    };

    /// <summary>Describes one of the paths that cancel a stream.</summary>
    internal static Operation CancelStream(string id) => new(id, "Cancels a resumable stream") { Description = "Also if there is none, the status is 204." };

    /// <summary>Describes one of the paths that convert a text to tokens.</summary>
    internal static Operation Tokenize(string id) => new(id, "Converts a text to tokens")
    {
        Description = "The model is not loaded. No token is added, such as one for the beginning of a text.",
        Body = typeof(TokenizeBody),
        Example = """{"model": "demo", "content": "Hello"}""",
        Reply = typeof(TokenizeReply),
        Errors = [404],
    };

    /// <summary>Describes one of the paths that convert tokens to a text.</summary>
    internal static Operation Detokenize(string id) => new(id, "Converts tokens to a text")
    {
        Description = "The model is not loaded.",
        Body = typeof(DetokenizeBody),
        Example = """{"model": "demo", "tokens": [1, 2]}""",
        Reply = typeof(DetokenizeReply),
        Errors = [404],
    };
}
