using System.Text.Json;
using RkLlama.Output.Text;
using RkLlama.Prompts;

namespace RkLlama.Output.StructuredJson;

/// <summary>The JSON format that a request requires of the model's reply.</summary>
/// <param name="Schema">The schema of the reply; null allows any JSON object.</param>
/// <param name="IsStrict">If true, a reply that violates the schema is an error. If false, its JSON is returned.</param>
internal sealed record OutputFormat(JsonSchema? Schema, bool IsStrict)
{
    private const string NoJson = "it is not JSON";

    internal static OutputFormat AnyObject { get; } = new(null, true);

    /// <summary>The name of the request field that specifies the format, for error messages.</summary>
    internal string Parameter { get; init; } = "format";

    /// <summary>
    /// Returns the conversation with an instruction that describes the format. The instruction is at the end of the last user message, where small models
    /// follow it best, or in a new user message if there is none. It is needed because the runtime cannot constrain the output to a grammar.
    /// </summary>
    internal Conversation AddInstruction(Conversation conversation)
    {
        string instruction = Schema is null
            ? "Answer with one JSON object and nothing else: no explanation, no Markdown."
            : $"Answer with JSON and nothing else: no explanation, no Markdown. It has to be valid against this JSON schema:\n{JsonText.Minify(Schema.Root.GetRawText())}";
        List<ChatMessage> messages = [.. conversation.Messages];
        int last = messages.FindLastIndex(static message => message.Role == "user");
        if (last >= 0)
            messages[last] = messages[last] with { Content = $"{messages[last].Content}\n\n{instruction}" };
        else
            messages.Add(new("user", instruction));
        return conversation with { Messages = messages };
    }

    /// <summary>
    /// Returns the conversation with the wrong reply and a request to correct it. Thinking is off, because the model has already reasoned about the task.
    /// </summary>
    /// <param name="problem">The result of <see cref="FindProblem"/> for the reply.</param>
    internal static Conversation AddCorrection(Conversation conversation, string reply, string problem) => conversation with
    {
        Messages =
        [
            .. conversation.Messages,
            new("assistant", reply),
            new("user", $"That is not right: {problem}. Answer again, with the corrected JSON and nothing else."),
        ],
        EnableThinking = false,
    };

    /// <summary>Checks whether a reply has the format.</summary>
    /// <param name="cpu">The processor time of the check.</param>
    /// <param name="json">The JSON in the reply, repaired if necessary; null if there is none.</param>
    /// <returns>The problem of the reply; null if the reply has the format.</returns>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    internal string? FindProblem(string reply, CpuBudget cpu, out string? json)
    {
        if (Schema is not null && ScalarRoots.AsksForScalar(Schema))
        {
            string? problem = FirstProblem(
                Schema, [JsonRepair.RepairScalar(reply), JsonRepair.Repair(reply, cpu), JsonRepair.Quote(JsonRepair.WithoutFence(reply)), .. ScalarWords.Of(reply, Schema.Root)], cpu, out json);
            if (problem is null || OnlyValid(Schema, reply, cpu) is not { } value)
                return problem;
            json = value;
            return null;
        }

        if (Schema is not null)
            return FirstProblem(Schema, [JsonRepair.Repair(reply, cpu)], cpu, out json);
        json = JsonRepair.Repair(reply, cpu);
        return json is null ? NoJson : json.StartsWith('{') ? null : "it is not a JSON object";
    }

    /// <summary>Returns the only value in a reply that the schema allows; null if there is none, or the reply is ambiguous.</summary>
    private static string? OnlyValid(JsonSchema schema, string reply, CpuBudget cpu)
    {
        if (ScalarsInText.Find(reply) is not { } values)
            return null;
        string[] valid = [.. values.Marked.Where(IsValid).Take(2)];
        return valid is [string only] && !values.Words.Any(word => word != only && IsValid(word)) ? only : null;

        bool IsValid(string value)
        {
            using JsonDocument document = JsonDocument.Parse(value, JsonLimits.Document);
            return schema.Validate(document.RootElement, cpu).Count == 0;
        }
    }

    /// <summary>
    /// Checks the values that a reply may mean. The first one that the schema allows counts. If there is none, the problem is that of the first value. Models
    /// often write a string without quotes, so a reply to a schema for a scalar may have several values.
    /// </summary>
    private static string? FirstProblem(JsonSchema schema, string?[] candidates, CpuBudget cpu, out string? json)
    {
        json = null;
        string problem = NoJson;
        foreach (string candidate in candidates.OfType<string>())
        {
            using JsonDocument document = JsonDocument.Parse(candidate, JsonLimits.Document);
            IReadOnlyList<string> problems = schema.Validate(document.RootElement, cpu);
            if (problems.Count == 0)
            {
                json = candidate;
                return null;
            }

            problem = json is null ? string.Join("; ", problems) : problem;
            json ??= candidate;
        }

        return problem;
    }
}
