using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Anthropic.Messages;

/// <summary>A request for the next message of a conversation. Unknown fields are ignored. A null field counts as absent.</summary>
internal sealed record MessagesBody : GenerationBody
{
    /// <summary>The whole conversation, oldest message first.</summary>
    [LengthRange(Min = 1)]
    public required AnthropicMessageBody?[] Messages { get; init; }

    /// <summary>System prompt: a string, or an array of text blocks, which are joined with an empty line.</summary>
    // The type of a block determines how MessagesInput reads it.
    [AnyOf(typeof(string), typeof(AnthropicBlockBody[]))]
    public JsonElement? System { get; init; }

    /// <summary>
    /// Maximum number of output tokens, thinking included. MAX_NEW_TOKENS of the Modelfile is the default and the upper limit. Not used to count tokens.
    /// </summary>
    [Range(1, int.MaxValue)]
    public int? MaxTokens { get; init; }

    /// <summary>Stop sequences: the output ends before the first one that occurs. At most 64 sequences, and at most 16384 characters in all of them together.</summary>
    public string?[]? StopSequences { get; init; }

    public AnthropicThinkingBody? Thinking { get; init; }

    /// <summary>
    /// Tools that the model may call. Tools of other types than custom, such as web_search, are left out, and the response header X-RkLlama-Ignored names them.
    /// </summary>
    public AnthropicToolBody?[]? Tools { get; init; }

    public AnthropicToolChoiceBody? ToolChoice { get; init; }

    public AnthropicOutputConfigBody? OutputConfig { get; init; }

    /// <summary>Older place of the format in output_config. Ignored if that is present.</summary>
    public AnthropicOutputFormatBody? OutputFormat { get; init; }
}

/// <summary>One message of the conversation.</summary>
internal sealed record AnthropicMessageBody
{
    [AllowedValues("user", "assistant", "system")]
    public required string Role { get; init; }

    /// <summary>The text, or an array of blocks. The texts of a user are joined with an empty line, those of the assistant without a separator.</summary>
    [AnyOf(typeof(string), typeof(AnthropicBlockBody[]))]
    public required JsonElement Content { get; init; }
}

/// <summary>
/// One block of a message. Its type determines which fields it has: text, tool_use and thinking (of the assistant), tool_result (of the user), document with a
/// text, and search_result. redacted_thinking is skipped. Blocks of tools that a service hosts are left out, and the response header X-RkLlama-Ignored names them.
/// Blocks of other types, such as images, are an error in the newest turn. In older turns they are left out, and the header names them.
/// </summary>
internal sealed record AnthropicBlockBody
{
    public required string Type { get; init; }

    /// <summary>In text blocks: the text.</summary>
    public string? Text { get; init; }

    /// <summary>In thinking blocks: the text of the thinking. It has an effect only if the chat template of the model uses it.</summary>
    public string? Thinking { get; init; }

    /// <summary>In tool_use blocks: the id of the call.</summary>
    public string? Id { get; init; }

    /// <summary>In tool_use blocks: the name of the tool.</summary>
    public string? Name { get; init; }

    /// <summary>In tool_use blocks: the arguments of the call, a JSON object.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Input { get; init; }

    /// <summary>In tool_result blocks: the id of the call.</summary>
    public string? ToolUseId { get; init; }

    /// <summary>In tool_result and search_result blocks: a text, or an array of blocks. Any other JSON counts as its text.</summary>
    [AnyOf(typeof(string), typeof(Dictionary<string, JsonElement>[]), typeof(Dictionary<string, JsonElement>), typeof(double), typeof(bool))]
    public JsonElement? Content { get; init; }

    /// <summary>In tool_result blocks: whether the call has failed. Then the model sees "Error: " before the result.</summary>
    public bool? IsError { get; init; }

    /// <summary>In document blocks: an object of the type text with data, or of the type content with blocks. In search_result blocks: the address.</summary>
    [AnyOf(typeof(string), typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Source { get; init; }

    /// <summary>In document and search_result blocks: the title, which stands before the text.</summary>
    public string? Title { get; init; }
}

/// <summary>Whether and how long the model thinks before its answer. Default: ENABLE_THINKING of the Modelfile, or the default of the chat template.</summary>
internal sealed record AnthropicThinkingBody
{
    /// <summary>adaptive and between_tools are the same as no field.</summary>
    [AllowedValues("enabled", "disabled", "adaptive", "between_tools")]
    public required string Type { get; init; }

    /// <summary>Maximum number of thinking tokens, if the type is enabled. Default: the limit of output_config.effort, or no limit.</summary>
    [Range(1, int.MaxValue)]
    public int? BudgetTokens { get; init; }
}

/// <summary>Settings of the output.</summary>
internal sealed record AnthropicOutputConfigBody
{
    /// <summary>Limits the thinking: low allows 512 thinking tokens, medium 2048; the others set no limit.</summary>
    [AllowedValues("low", "medium", "high", "xhigh", "max")]
    public string? Effort { get; init; }

    public AnthropicOutputFormatBody? Format { get; init; }
}

/// <summary>Format of the output. The server adds an instruction to the prompt, then repairs and validates the output. Output that violates the schema is an error with status 422.</summary>
internal sealed record AnthropicOutputFormatBody
{
    [AllowedValues("json_schema")]
    public required string Type { get; init; }

    /// <summary>The JSON schema.</summary>
    [AnyOf(typeof(Dictionary<string, JsonElement>))]
    public required JsonElement? Schema { get; init; }
}
