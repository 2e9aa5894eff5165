using System.Text.Json;
using RkLlama.Output.ToolCalls.Arguments;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>
/// Reads the tool calls in a JSON value: an object with the name and the arguments, with the name and the arguments side by side, or with the name as its
/// only member; such objects in a member that wraps them; and arrays of all these. Text that may be arguments is never dropped: if its place in the call is
/// not known, the value is not a call.
/// </summary>
/// <param name="needsArguments">Whether a call without arguments is invalid.</param>
/// <param name="isMarked">Whether a mark shows that the value is a call.</param>
/// <param name="calls">The calls are appended to this list.</param>
internal sealed class CallObjectReader(ToolCallReader reader, bool needsArguments, bool isMarked, List<ParsedToolCall> calls)
{
    private readonly ArgumentsReader _arguments = new(reader);

    /// <returns>False if the value, or a part of it, is not a tool call.</returns>
    internal bool TryRead(JsonElement value) => TryRead(value, []);

    /// <summary>Returns the arguments as a minified JSON object; null if the value is anything else.</summary>
    internal string? ReadArguments(string tool, JsonElement arguments) => _arguments.Read(tool, arguments);

    /// <param name="beside">The members beside the one that contains the value. The arguments may be among them.</param>
    private bool TryRead(JsonElement value, JsonProperty[] beside)
    {
        if (value.ValueKind == JsonValueKind.Array)
            return TryReadItems(value, beside);
        if (value.ValueKind == JsonValueKind.String && isMarked && value.GetString()!.AsSpan().TrimStart() is ['{' or '[', ..])
            return ToolCallReader.TryParse(value.GetString()!, root => TryRead(root, beside));
        if (value.ValueKind != JsonValueKind.Object)
            return false;
        foreach (JsonProperty member in value.EnumerateObject())
        {
            if (ToolCallFields.IsWrapper(member.Name) && member.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
                return TryRead(member.Value, [.. value.EnumerateObject().Where(other => other.Name != member.Name && MayBeArgument(other)), .. beside]);
        }

        if ((ReadNamed(value, beside) ?? (isMarked || beside.Length == 0 ? ReadKeyed(value) : null)) is not { } call)
            return false;
        calls.Add(call);
        return true;
    }

    /// <summary>Reads an array of calls. A call of a tool that was not offered stays text. After a mark, the array may also be the name and the arguments.</summary>
    private bool TryReadItems(JsonElement list, JsonProperty[] beside)
    {
        int length = list.GetArrayLength();
        if (isMarked && length == 2 && list[0].ValueKind == JsonValueKind.String && reader.Resolve(list[0].GetString()!) is { } tool)
        {
            bool isPair = ReadArguments(tool, list[1]) is { } json && json != "{}";
            if (isPair)
                calls.Add(new(tool, ReadArguments(tool, list[1])!));
            return isPair;
        }

        if (length == 0 || (length > 1 && !isMarked && beside.Length > 0))
            return false;
        foreach (JsonElement item in list.EnumerateArray())
        {
            int before = calls.Count;
            if (TryRead(item, length == 1 ? beside : []))
                continue;
            calls.RemoveRange(before, calls.Count - before);
            if (length == 1 || !IsOtherCall(item))
                return false;
            calls.Add(ParsedToolCall.OfText(item.GetRawText()));
        }

        return true;
    }

    /// <summary>Returns whether a value is the call of a tool that was not offered.</summary>
    private bool IsOtherCall(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object)
            return false;
        JsonProperty[] members = [.. item.EnumerateObject()];
        if (Array.Find(members, static member => ToolCallFields.IsWrapper(member.Name) && member.Value.ValueKind == JsonValueKind.Object) is { Value.ValueKind: JsonValueKind.Object } wrapper)
            return IsOtherCall(wrapper.Value);
        int name = Array.FindIndex(members, static member => ToolCallFields.IsName(member.Name) && member.Value.ValueKind == JsonValueKind.String);
        return name >= 0
            && ToolNames.IsIdentifier(members[name].Value.GetString()!)
            && !reader.InNamespaces.IsOffered(members[name].Value.GetString()!)
            && (isMarked || Array.Exists(members, static member => ToolCallFields.IsArguments(member.Name)));
    }

    /// <summary>Returns whether a member beside a call has a value that must not be lost.</summary>
    private static bool MayBeArgument(JsonProperty member) =>
        !ToolCallFields.IsOther(member.Name)
        && !(ToolCallFields.IsName(member.Name) && member.Value.ValueKind == JsonValueKind.String)
        && !(member.Value.ValueKind == JsonValueKind.String && string.IsNullOrWhiteSpace(member.Value.GetString()))
        && member.Value.ValueKind != JsonValueKind.Null;

    /// <summary>Reads an object with the name of the tool as the value of a member.</summary>
    private ParsedToolCall? ReadNamed(JsonElement item, JsonProperty[] beside)
    {
        if (NameOf(item) is not { } name)
            return null;
        string tool = reader.InNamespaces.Resolve(name.Value.GetString()!)!;

        // Without a mark, a name in a namespace that the request does not know is a call only if it has a member with arguments.
        bool isCertain = isMarked || reader.Exact.IsOffered(name.Value.GetString()!);
        IReadOnlyList<string> parameters = reader.Parameters(tool);
        bool hasArguments = item.EnumerateObject().Concat(beside).Any(static member => ToolCallFields.IsArguments(member.Name));
        JsonProperty[] others =
        [
            .. item.EnumerateObject().Where(member => member.Name != name.Name && (!ToolCallFields.IsOther(member.Name) || (!hasArguments && IsParameter(member, parameters)))),
            .. beside,
        ];
        bool isDescribed = !parameters.Contains("description") && Array.Exists(others, static member => member.Name == "description");
        bool isEmpty = false;

        // The first member that has arguments counts.
        foreach (JsonProperty member in others.Where(static member => ToolCallFields.IsArguments(member.Name)).OrderBy(static member => ToolCallFields.Rank(member.Name)))
        {
            if (ReadArguments(tool, member.Value) is not { } json)
                break;
            if (json != "{}")
                return isMarked || (!(isDescribed && _arguments.IsDescription(tool, json)) && Array.TrueForAll(beside, MayBeBeside)) ? new(tool, json) : null;
            isEmpty = true;
            others = [.. others.Where(other => other.Name != member.Name)];
        }

        // If there is a member of another name, it may contain the arguments. They must not be lost.
        if (others.Length > 0 && Array.TrueForAll(others, member => parameters.Contains(member.Name)))
            return isCertain ? new(tool, Flat(tool, others)) : null;
        if (others.Length > 0)
            return isEmpty && !isDescribed && (isMarked || Array.TrueForAll(others, IsScalar)) && reader.AllowsNoArguments(tool) && !Array.Exists(others, static other => ToolCallFields.IsArguments(other.Name)) ? new(tool, "{}") : null;
        return isEmpty || (!needsArguments && isCertain && (isMarked || reader.Required(tool).Count == 0)) ? new(tool, "{}") : null;
    }

    private static bool MayBeBeside(JsonProperty member) => ToolCallFields.IsArguments(member.Name) || (ToolCallFields.IsRemark(member.Name) && IsScalar(member));

    private static bool IsScalar(JsonProperty member) => member.Value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array);

    /// <summary>Returns whether a member such as <c>id</c> is a parameter of the tool. The type of a call is none.</summary>
    private static bool IsParameter(JsonProperty member, IReadOnlyList<string> parameters) =>
        parameters.Contains(member.Name) && !(member.Value.ValueKind == JsonValueKind.String && ToolCallFields.IsType(member.Value.GetString()!));

    /// <summary>Reads an object whose only member has the name of the tool, and the arguments as its value.</summary>
    private ParsedToolCall? ReadKeyed(JsonElement item)
    {
        JsonProperty[] members = [.. item.EnumerateObject().Where(static member => !ToolCallFields.IsOther(member.Name))];
        return !reader.AcceptsAnyName
            && (isMarked || reader.AllowsKeyed)
            && members is [{ Value.ValueKind: JsonValueKind.Object } member]
            && reader.Exact.Resolve(member.Name) is { } tool
            && ReadArguments(tool, member.Value) is { } json
            && (isMarked || _arguments.FitsParameters(tool, json))
                ? new(tool, json)
                : null;
    }

    private string Flat(string tool, JsonProperty[] members)
    {
        OrderedDictionary<string, string> arguments = [];
        foreach (JsonProperty member in members)
            arguments[member.Name] = member.Value.GetRawText();
        using JsonDocument document = JsonDocument.Parse(ParameterValue.ToObject(arguments));
        return reader.Fit(tool, document.RootElement);
    }

    /// <summary>Returns the member whose value is the name of an offered tool.</summary>
    private JsonProperty? NameOf(JsonElement item)
    {
        foreach (string field in ToolCallFields.Names)
        {
            foreach (JsonProperty member in item.EnumerateObject())
            {
                if (!string.Equals(member.Name, field, StringComparison.OrdinalIgnoreCase))
                    continue;
                if (member.Value.ValueKind == JsonValueKind.String && reader.InNamespaces.IsOffered(member.Value.GetString()!))
                    return member;
                break;
            }
        }

        return null;
    }
}
