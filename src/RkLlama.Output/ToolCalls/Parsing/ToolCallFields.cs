namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>The members of a JSON object that is a tool call. Models mix the names of different families, in any case of letters.</summary>
internal static class ToolCallFields
{
    internal static readonly string[] Names = ["name", "function", "tool_name", "tool", "function_name", "action", "recipient_name"];

    internal static readonly string[] Arguments =
    [
        "arguments", "parameters", "args", "params", "input", "kwargs", "argument", "parameter", "tool_input", "tool_args", "tool_arguments",
        "function_arguments", "function_args", "action_input",
    ];

    internal static readonly string[] Others = ["type", "id", "tool_call_id", "call_id", "index"];

    /// <summary>The members that contain another object with name and arguments, or an array of them.</summary>
    internal static readonly string[] Wrappers = ["function", "tool", "action", "tool_calls", "tool_call", "function_call", "function_calls", "tool_uses", "calls"];

    // The values of the member type of a tool call. Other JSON often has this member too.
    private static readonly string[] Types = ["function", "tool_call", "tool_use", "function_call", "tool", "call"];

    private static readonly string[] All = [.. Names, .. Arguments, .. Others, .. Wrappers];

    /// <summary>Returns whether a call may have this member. Names with escape sequences are checked when the object is complete.</summary>
    internal static bool IsKnown(string member) => IsOneOf(member, All) || member.Contains('\\');

    internal static bool IsName(string member) => IsOneOf(member, Names);

    internal static bool IsArguments(string member) => IsOneOf(member, Arguments);

    /// <summary>Returns the position of a member with arguments in their list.</summary>
    internal static int Rank(string member) => Array.FindIndex(Arguments, field => string.Equals(field, member, StringComparison.OrdinalIgnoreCase));

    internal static bool IsWrapper(string member) => IsOneOf(member, Wrappers);

    internal static bool IsOneOf(string member, string[] members) => members.Contains(member, StringComparer.OrdinalIgnoreCase);

    /// <summary>Returns whether a known member begins with the text.</summary>
    internal static bool MayBecomeKnown(string start) => Array.Exists(All, member => member.StartsWith(start, StringComparison.OrdinalIgnoreCase));

    internal static bool IsType(string value) => Types.Contains(value) || value.Contains('\\');
}
