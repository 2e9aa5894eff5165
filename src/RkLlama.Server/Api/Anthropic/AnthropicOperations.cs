using RkLlama.Server.Api.Anthropic.Messages;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Anthropic;

/// <summary>Describes the endpoints of the Anthropic API in the OpenAPI document.</summary>
internal static class AnthropicOperations
{
    internal static Operation CreateMessage { get; } = new("createMessage", "Creates the next message of a conversation (Messages API)")
    {
        Description = "If the model is not loaded, the server loads it. The header anthropic-version is not needed. "
            + "The last event of a stream is message_stop, or error if the stream fails.",
        Body = typeof(MessagesBody),
        Example = """
            {
              "model": "demo",
              "max_tokens": 200,
              "system": [{"type": "text", "text": "Answer briefly."}],
              "messages": [
                {"role": "user", "content": [{"type": "text", "text": "How is the weather in Paris?"}]},
                {"role": "assistant", "content": [
                  {"type": "tool_use", "id": "call_1", "name": "get_weather", "input": {"city": "Paris"}}
                ]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "18 °C, sunny"}]}]}
              ],
              "tools": [{
                "name": "get_weather",
                "description": "The weather of a city",
                "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
              }]
            }
            """,
        Reply = typeof(AnthropicMessage),
        StreamItem = typeof(AnthropicEvent),
        RunsModel = true,
        IsReplaceable = true,
        HasSamplingFields = true,
        Errors = [404],
    };

    internal static Operation CountTokens { get; } = new("countMessageTokens", "Counts the tokens of the prompt of a message")
    {
        Description = "The body is that of POST /v1/messages. The model is not loaded.",
        Body = typeof(MessagesBody),
        Example = CreateMessage.Example,
        Reply = typeof(AnthropicTokenCount),
        Errors = [404],
    };
}
