using System.Collections.Frozen;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>The members of a JSON object that is a tool call. Models mix the names of different families, in any case of letters.</summary>
internal static class ToolCallFields
{
    internal static readonly string[] Names = ["name", "function", "tool_name", "tool", "function_name", "action", "recipient_name"];

    private static readonly string[] Arguments =
    [
        "arguments", "parameters", "args", "params", "input", "inputs", "kwargs", "argument", "parameter", "tool_input", "tool_args", "tool_arguments",
        "function_arguments", "function_args", "action_input", "arg", "properties", "arguments_json", "args_json", "parameters_json", "input_json",
    ];

    /// <summary>The names of the members with the arguments.</summary>
    internal static IReadOnlyList<string> ArgumentNames => Arguments;

    private static readonly string[] Others = ["type", "id", "tool_call_id", "call_id", "index", "thought", "thoughts", "reasoning", "explanation", "role"];

    /// <summary>Members with which models explain a call. They may also be before the name of the tool.</summary>
    private static readonly string[] Remarks =
    [
        "reason", "rationale", "justification", "description", "confidence", "comment", "comments", "note", "notes", "content", "message", "result", "output", "status", "return",
        "returns", "response", "strict", "required", "purpose", "plan", "goal", "intent", "summary", "title", "version", "timestamp", "step", "priority", "source", "state", "success",
    ];

    /// <summary>The members that contain another object with name and arguments, or an array of them.</summary>
    private static readonly string[] Wrappers = ["function", "tool", "action", "tool_calls", "tool_call", "function_call", "function_calls", "tool_uses", "calls"];

    // The values of the member type of a tool call. Other JSON often has this member too.
    private static readonly string[] Types = ["function", "tool_call", "tool_use", "function_call", "tool", "call"];

    private static readonly FrozenDictionary<string, FieldKinds> Kinds =
        Names.Concat(Arguments).Concat(Others).Concat(Remarks).Concat(Wrappers).Distinct().ToFrozenDictionary(static field => field, KindsOf, StringComparer.OrdinalIgnoreCase);

    /// <summary>Returns whether a call may have this member. Names with escape sequences are checked when the object is complete.</summary>
    internal static bool IsKnown(string member) => Kinds.ContainsKey(member) || member.Contains('\\');

    internal static bool IsName(string member) => Is(member, FieldKinds.Name);

    internal static bool IsArguments(string member) => Is(member, FieldKinds.Arguments);

    internal static bool IsOther(string member) => Is(member, FieldKinds.Other);

    internal static bool IsRemark(string member) => Is(member, FieldKinds.Remark);

    /// <summary>Returns the position of a member with arguments in their list.</summary>
    internal static int Rank(string member) => Array.FindIndex(Arguments, field => string.Equals(field, member, StringComparison.OrdinalIgnoreCase));

    internal static bool IsWrapper(string member) => Is(member, FieldKinds.Wrapper);

    /// <summary>Returns whether a known member begins with the text.</summary>
    internal static bool MayBecomeKnown(string start) => Kinds.Keys.Any(member => member.StartsWith(start, StringComparison.OrdinalIgnoreCase));

    internal static bool IsType(string value) => Types.Contains(value) || value.Contains('\\');

    private static bool Is(string member, FieldKinds kind) => (Kinds.GetValueOrDefault(member) & kind) != 0;

    private static FieldKinds KindsOf(string field) =>
        (Names.Contains(field) ? FieldKinds.Name : 0) | (Arguments.Contains(field) ? FieldKinds.Arguments : 0) | (Others.Contains(field) ? FieldKinds.Other : 0)
        | (Wrappers.Contains(field) ? FieldKinds.Wrapper : 0) | (Remarks.Contains(field) ? FieldKinds.Remark : 0);

    [Flags]
    private enum FieldKinds
    {
        None = 0,
        Name = 1,
        Arguments = 2,
        Other = 4,
        Wrapper = 8,
        Remark = 16,
    }
}
