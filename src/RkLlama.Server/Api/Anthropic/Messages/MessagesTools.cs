using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Api.Common.Tools;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.Anthropic.Messages;

/// <summary>Converts the tools and the tool choice of a request to the form of <see cref="ToolOptions"/>.</summary>
internal static class MessagesTools
{
    /// <exception cref="ApiException">Status 400: a tool or the tool choice is invalid.</exception>
    internal static ToolOptions Read(MessagesBody body)
    {
        JsonElement[] tools = [.. (body.Tools ?? []).Select(static (tool, index) => FunctionOf(tool, $"tools[{index}]"))];
        return ToolOptions.From(
            tools.Length > 0 ? JsonSerializer.SerializeToElement(tools, ToolJson.Wire.JsonElementArray) : null,
            body.ToolChoice is { } choice ? ChoiceOf(choice, hasTools: tools.Length > 0) : null);
    }

    /// <summary>Returns the function that the model sees. A tool that is left out keeps its type.</summary>
    private static JsonElement FunctionOf(AnthropicToolBody? tool, string at)
    {
        if (tool is null)
            throw ApiException.BadRequest($"{at} must be an object.", "tools");
        if (tool.Type is not (null or "custom"))
            return JsonSerializer.SerializeToElement(new Dictionary<string, string>(StringComparer.Ordinal) { ["type"] = tool.Type }, ToolJson.Wire.DictionaryStringString);
        if (tool.Name is not { Length: > 0 } name)
            throw ApiException.BadRequest($"{at}.name is missing.", "tools");
        if (tool.InputSchema is { ValueKind: not JsonValueKind.Object })
            throw ApiException.BadRequest($"{at}.input_schema must be an object.", "tools");

        Dictionary<string, JsonElement> function = new(StringComparer.Ordinal) { ["name"] = TextOf(name) };
        if (tool.Description is { Length: > 0 } description)
            function["description"] = TextOf(description);
        if (tool.InputSchema is { } schema)
            function["parameters"] = schema;
        return JsonSerializer.SerializeToElement(new NestedTool("function", function), ToolJson.Wire.NestedTool);
    }

    private static JsonElement ChoiceOf(AnthropicToolChoiceBody choice, bool hasTools)
    {
        if (choice.Type is "any" or "tool" && !hasTools)
            throw ApiException.BadRequest($"tool_choice.type is \"{choice.Type}\", but there are no tools.", "tool_choice");
        return choice.Type switch
        {
            "auto" or "any" or "none" => TextOf(choice.Type),
            "tool" when choice.Name is { Length: > 0 } name => JsonSerializer.SerializeToElement(
                new Dictionary<string, string>(StringComparer.Ordinal) { ["type"] = "function", ["name"] = name }, ToolJson.Wire.DictionaryStringString),
            "tool" => throw ApiException.BadRequest("tool_choice.name is missing.", "tool_choice"),
            var other => throw JsonFields.Wrong("tool_choice.type", $"auto, any, tool or none, not '{Excerpt.Of(other)}'"),
        };
    }

    private static JsonElement TextOf(string text) => JsonSerializer.SerializeToElement(text, ToolJson.Wire.String);
}
