using System.Text.Json;
using RkLlama.Output.StructuredJson;
using RkLlama.Output.Text;
using RkLlama.Output.ToolCalls.Arguments;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>Reads tool calls from complete JSON, repairs the JSON if necessary, and checks the tool names.</summary>
/// <param name="names">The names of the tools that the request offers; null accepts every name.</param>
/// <param name="schemas">The JSON schema of each tool's parameters, by the name of the tool; null if there are none.</param>
/// <param name="allowsKeyed">Whether JSON with the name of a tool as its only member is a call also without a mark.</param>
internal sealed class ToolCallReader(IReadOnlySet<string>? names, IReadOnlyDictionary<string, JsonElement>? schemas, bool allowsKeyed = true)
{
    private readonly ToolNames _names = new(names);

    private readonly Dictionary<string, IReadOnlyList<string>> _parameters = new(StringComparer.Ordinal);

    private ToolCallReader? _inNamespaces;
    private ToolCallReader? _exact;

    /// <summary>
    /// The same reader for places where the text cannot be anything but a call. There, a namespace before the name of a tool is dropped, for example in
    /// <c>fs.read</c> if the tool is <c>read</c>.
    /// </summary>
    internal ToolCallReader InNamespaces =>
        _inNamespaces ??= AllowsNamespaces ? this : new(names, schemas, allowsKeyed) { AllowsNamespaces = true, BlockTags = BlockTags, _exact = this };

    /// <summary>The same reader for other places: a namespace must be one of an offered name.</summary>
    internal ToolCallReader Exact => _exact ?? this;

    /// <summary>Whether every tool name is accepted. In this case, only the members of the JSON object show whether it is a tool call.</summary>
    internal bool AcceptsAnyName => _names.AcceptsAny;

    internal bool AllowsKeyed => allowsKeyed;

    /// <summary>The tags at the start and at the end of blocks of calls. Directly behind a value in XML, they show that the value has ended.</summary>
    internal IReadOnlyList<string> BlockTags { get; init; } = [];

    internal bool IsOffered(string name) => Resolve(name) is not null;

    /// <summary>Returns the offered name that the model means; null if there is none.</summary>
    internal string? Resolve(string name) => _names.Resolve(name, AllowsNamespaces);

    /// <summary>Returns whether a name that begins with the text may be offered.</summary>
    internal bool MayBecomeOffered(string start) => _names.MayBecome(start) || (AllowsNamespaces && ToolNames.MayBeNamespace(start));

    /// <summary>Returns whether the first character of an offered name, as the model writes it, may be this one. Namespaces that are not offered do not count.</summary>
    internal bool MayStartOffered(char c) => _names.MayStartWith(c);

    /// <summary>Returns the JSON schema of one parameter of a tool; null if there is none.</summary>
    internal JsonElement? Schema(string tool, string parameter) => SchemaOf(tool) is { } root ? SchemaReferences.Property(Resolved(root), parameter, root) : null;

    /// <summary>Returns the types that the schema of one parameter allows; empty if every type is allowed, or nothing is known.</summary>
    internal HashSet<string> Types(string tool, string parameter) => SchemaTypes.Of(Schema(tool, parameter), SchemaOf(tool));

    /// <summary>Returns the parameters of a tool in the order of its schema.</summary>
    internal IReadOnlyList<string> Parameters(string tool)
    {
        if (_parameters.TryGetValue(tool, out IReadOnlyList<string>? known))
            return known;
        return _parameters[tool] =
            Member(tool, "properties", JsonValueKind.Object) is { } properties ? [.. properties.EnumerateObject().Select(static property => property.Name)] : [];
    }

    /// <summary>Returns the names of the parameters that a call of the tool must have.</summary>
    internal IReadOnlyList<string> Required(string tool) => Member(tool, "required", JsonValueKind.Array) is { } required
        ? [.. required.EnumerateArray().Where(static name => name.ValueKind == JsonValueKind.String).Select(static name => name.GetString()!)]
        : [];

    internal bool HasSchema(string tool) => SchemaOf(tool) is not null;

    /// <summary>Returns whether a call of the tool is complete without arguments. If nothing is known about the tools, it is not.</summary>
    internal bool AllowsNoArguments(string tool) => schemas is not null && IsOffered(tool) && Required(tool).Count == 0;

    /// <summary>
    /// Appends the tool call in a JSON object, or all tool calls in a JSON array, to the list. If one of them is invalid, appends nothing and returns false.
    /// </summary>
    /// <param name="needsArguments">Whether a call without arguments is invalid. If false, the arguments of such a call are an empty object.</param>
    /// <param name="isMarked">Whether a mark shows that the JSON is a call. If not, the JSON must not have parts that a call does not have.</param>
    internal bool TryRead(string json, bool needsArguments, List<ParsedToolCall> calls, bool isMarked = true) => TryParse(json, root =>
    {
        List<ParsedToolCall> found = [];
        if (!new CallObjectReader(this, needsArguments, isMarked, found).TryRead(root) || found.TrueForAll(static call => call.IsText) || found.Exists(IsTooDeep))
            return false;
        calls.AddRange(found);
        return true;
    });

    /// <summary>Appends a tool call to the list. The name and the arguments come from different places in the text.</summary>
    /// <returns>False if the request does not offer the tool, or the arguments cannot be read.</returns>
    internal bool TryAdd(string name, string arguments, List<ParsedToolCall> calls) => Resolve(name) is { } tool && TryParse(arguments, root =>
    {
        if (new CallObjectReader(this, needsArguments: true, isMarked: true, []).ReadArguments(tool, root) is not { } json)
            return false;
        if (IsTooDeep(new(tool, json)))
            return false;
        calls.Add(new(tool, json));
        return true;
    });

    /// <summary>Appends a call of an offered tool. The values of the arguments are JSON.</summary>
    /// <returns>False if the arguments nest too deeply.</returns>
    internal bool Add(string name, OrderedDictionary<string, string> arguments, List<ParsedToolCall> calls)
    {
        string tool = Resolve(name)!;
        string json = ParameterValue.ToObject(arguments);
        TryParse(json, root => (json = Fit(tool, root)).Length > 0);
        if (IsTooDeep(new(tool, json)))
            return false;
        calls.Add(new(tool, json));
        return true;
    }

    /// <summary>Returns whether the APIs cannot write the arguments, or not take them back.</summary>
    private static bool IsTooDeep(ParsedToolCall call) => !call.IsText && JsonText.Depth(call.Arguments) > JsonLimits.MaxArgumentsDepth;

    /// <summary>Returns whether JSON is an object of the arguments of a tool: all its members are parameters. Without a schema, any object is.</summary>
    internal bool AreArguments(string tool, string json) => TryParse(json, root =>
        root.ValueKind == JsonValueKind.Object && (!HasSchema(tool) || root.EnumerateObject().All(member => Parameters(tool).Contains(member.Name))));

    /// <summary>Returns whether JSON is an object whose only member has the arguments of a call.</summary>
    internal static bool HaveArguments(string json) => TryParse(json, static root =>
        root.ValueKind == JsonValueKind.Object && root.EnumerateObject().ToArray() is [{ Value.ValueKind: JsonValueKind.Object or JsonValueKind.String } member] && ToolCallFields.IsArguments(member.Name));

    /// <summary>Converts the arguments to the types of the tool's schema, and returns them as a minified JSON object.</summary>
    internal string Fit(string tool, JsonElement arguments) => ArgumentTypes.Fit(arguments, SchemaOf(tool));

    /// <summary>Passes the JSON, repaired if necessary, to a function. Returns false if it cannot be parsed.</summary>
    internal static bool TryParse(string json, Func<JsonElement, bool> read)
    {
        try
        {
            using JsonDocument? document = JsonRepair.ParseWhole(json);
            return document is not null && read(document.RootElement);
        }
        catch (Exception ex) when (ex is InvalidOperationException or ArgumentException)
        {
            // An escaped half of a surrogate pair.
            return false;
        }
    }

    private bool AllowsNamespaces { get; init; }

    private JsonElement? SchemaOf(string tool) =>
        Resolve(tool) is { } name && schemas?.TryGetValue(name, out JsonElement schema) == true && schema.ValueKind == JsonValueKind.Object ? schema : null;

    private static JsonElement Resolved(JsonElement root) => SchemaReferences.Resolve(root, root);

    private JsonElement? Member(string tool, string member, JsonValueKind kind) =>
        SchemaOf(tool) is { } root && Resolved(root) is { ValueKind: JsonValueKind.Object } schema && schema.TryGetProperty(member, out JsonElement found) && found.ValueKind == kind
            ? found
            : null;
}
