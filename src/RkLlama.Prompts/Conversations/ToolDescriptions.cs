using System.Text.Json;
using System.Text.Json.Nodes;

namespace RkLlama.Prompts.Conversations;

/// <summary>The repair for templates that read the description of each tool and parameter without a test.</summary>
internal static class ToolDescriptions
{
    private const string Description = "description";

    /// <summary>Gives an empty description to each tool and each parameter that has none.</summary>
    public static TemplateInput Fill(TemplateInput input)
    {
        if (input.Conversation.Tools is not { Count: > 0 } tools)
            return input;
        JsonElement[] filled = [.. tools.Select(static tool => Filled(tool) ?? tool)];
        return filled.Zip(tools).All(static pair => JsonElement.DeepEquals(pair.First, pair.Second)) ? input : input with { Conversation = input.Conversation with { Tools = filled } };
    }

    /// <summary>Returns the tool with all descriptions; null if it has a name twice, or is no object.</summary>
    private static JsonElement? Filled(JsonElement tool)
    {
        try
        {
            if (JsonNode.Parse(tool.GetRawText()) is not JsonObject root)
                return null;
            JsonObject function = root["function"] as JsonObject ?? root;
            FillOne(function);
            if (function["parameters"] is JsonObject parameters && parameters["properties"] is JsonObject properties)
            {
                foreach (JsonObject schema in properties.Select(static property => property.Value).OfType<JsonObject>())
                    FillOne(schema);
            }

            return JsonElement.Parse(root.ToJsonString());
        }
        catch (Exception ex) when (ex is ArgumentException or JsonException)
        {
            return null;
        }
    }

    private static void FillOne(JsonObject schema)
    {
        if (schema[Description] is null)
            schema[Description] = "";
    }
}
