using System.Text.Json;
using System.Text.Json.Nodes;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.OpenApi;

/// <summary>A body with one wrong value.</summary>
/// <param name="Owner">The name of the schema that has the field.</param>
/// <param name="Value">The JSON of the wrong value.</param>
/// <param name="Json">The body with the wrong value.</param>
internal sealed record WrongBody(string Owner, string Field, string Value, JsonObject Json);

/// <summary>The documented body of one operation, and bodies that the document does not allow.</summary>
internal sealed class DocumentedBodies
{
    internal static readonly Uri Address = new("/openapi/v1.json", UriKind.Relative);

    private static readonly Dictionary<string, string> OneOfEach = new()
    {
        ["string"] = "\"neither this nor that\"",
        ["number"] = "1.5",
        ["boolean"] = "true",
        ["object"] = "{}",
        ["array"] = "[]",
    };

    private static readonly Lazy<Task<string>> Text = new(ReadTextAsync);

    private readonly JsonNode _document;
    private readonly JsonNode _schema;

    internal DocumentedBodies(JsonNode document, string route)
    {
        string[] parts = route.Split(' ');
        JsonNode media = document["paths"]![parts[1]]![parts[0].ToLowerInvariant()]!["requestBody"]!["content"]!["application/json"]!;
        _document = document;
        _schema = media["schema"]!;
        Example = media["example"]!.AsObject();
    }

    internal JsonObject Example { get; private set; }

    /// <summary>The names of the fields of the body.</summary>
    internal IEnumerable<string> Fields => Resolve(_schema).Schema["properties"]!.AsObject().Select(static declared => declared.Key);

    /// <summary>Returns the document. It is the same on all servers, so it is fetched once.</summary>
    internal static async Task<JsonNode> ReadAsync() => JsonNode.Parse(await Text.Value)!;

    internal static async Task<string> ReadTextAsync()
    {
        await using TestServer server = await TestServer.StartAsync();
        return await server.Client.GetStringAsync(Address);
    }

    internal static JsonNode? Find(JsonNode document, string reference) =>
        reference[2..].Split('/').Aggregate((JsonNode?)document, static (node, key) => node?[key]);

    /// <summary>Adds fields to the example. Arrays are appended to arrays of the same name.</summary>
    internal void Add(JsonObject fields)
    {
        Example = Example.DeepClone().AsObject();
        foreach ((string name, JsonNode? value) in fields)
        {
            if (Example[name] is JsonArray items && value is JsonArray more)
            {
                foreach (JsonNode? item in more)
                    items.Add(item?.DeepClone());
            }
            else
            {
                Example[name] = value?.DeepClone();
            }
        }
    }

    /// <summary>Returns copies of the example with one wrong value each, for every field at every level.</summary>
    internal IEnumerable<WrongBody> WithWrongValues() => Walk(_schema, []);

    private IEnumerable<WrongBody> Walk(JsonNode schema, object[] at)
    {
        (string owner, JsonNode resolved) = Resolve(schema);
        foreach ((string field, JsonNode? declared) in resolved["properties"]!.AsObject())
        {
            JsonNode[] variants = [.. Variants(declared!)];
            foreach (string value in WrongValues(variants))
            {
                JsonObject body = Example.DeepClone().AsObject();
                Place(body, [.. at, field], JsonNode.Parse(value));
                yield return new(owner, field, value, body);
            }

            foreach (JsonNode variant in variants)
            {
                if (variant["properties"] is not null)
                {
                    foreach (WrongBody deeper in Walk(Named(declared!, variant), [.. at, field]))
                        yield return deeper;
                }
                else if (variant["items"] is { } items && Resolve(items).Schema["properties"] is not null)
                {
                    foreach (WrongBody deeper in Walk(items, [.. at, field, 0]))
                        yield return deeper;
                }
            }
        }
    }

    /// <summary>Returns a value of each type that is not allowed, and a value beyond each limit.</summary>
    private static IEnumerable<string> WrongValues(JsonNode[] variants)
    {
        HashSet<string> allowed = [.. variants.SelectMany(Types)];
        foreach ((string type, string value) in OneOfEach)
        {
            if (!allowed.Contains(type))
                yield return value;
        }

        foreach (JsonNode variant in variants)
        {
            if (variant["enum"] is not null)
                yield return OneOfEach["string"];
            if (variant["minimum"] is { } minimum)
                yield return (minimum.GetValue<decimal>() - 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
            if (variant["maximum"] is { } maximum)
                yield return (maximum.GetValue<decimal>() + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
            if (variant["minItems"] is not null)
                yield return "[]";
            if (variant["maxItems"] is not null)
                yield return "[1]";
            if (variant["maxLength"] is not null)
                yield return OneOfEach["string"];
        }
    }

    private static IEnumerable<string> Types(JsonNode variant) => variant["type"] switch
    {
        JsonArray types => types.Select(type => type!.GetValue<string>()),
        JsonValue type => [type.GetValue<string>()],
        _ => [],
    };

    private IEnumerable<JsonNode> Variants(JsonNode schema)
    {
        JsonNode resolved = Resolve(schema).Schema;
        return (resolved["anyOf"] ?? resolved["oneOf"]) is JsonArray any ? any.SelectMany(one => Variants(one!)) : [resolved];
    }

    /// <summary>Returns the reference to a variant, because it has the name of the schema; the variant itself if there is none.</summary>
    private JsonNode Named(JsonNode declared, JsonNode variant) =>
        References(declared).FirstOrDefault(reference => ReferenceEquals(Resolve(reference).Schema, variant)) ?? variant;

    private static IEnumerable<JsonNode> References(JsonNode schema) => schema["$ref"] is not null
        ? [schema]
        : ((schema["anyOf"] ?? schema["oneOf"]) as JsonArray ?? []).SelectMany(one => References(one!));

    private (string Name, JsonNode Schema) Resolve(JsonNode schema) => schema["$ref"]?.GetValue<string>() is { } reference
        ? (reference[(reference.LastIndexOf('/') + 1)..], Find(_document, reference) ?? throw new JsonException($"{reference} has no target."))
        : ("", schema);

    /// <summary>
    /// Sets the value at a path. Creates missing objects and arrays on the path. In an array, uses the first item that already has the next field.
    /// </summary>
    private static void Place(JsonNode owner, object[] at, JsonNode? value)
    {
        if (at is [int, string next, ..])
        {
            JsonArray items = owner.AsArray();
            JsonNode? item = items.FirstOrDefault(one => Leads(one, next, at.ElementAtOrDefault(2))) ?? items.FirstOrDefault(one => one is JsonObject);
            if (item is null)
                items.Add(item = new JsonObject());
            Place(item, at[1..], value);
            return;
        }

        string name = (string)at[0];
        if (at.Length == 1)
        {
            owner[name] = value;
            return;
        }

        bool isArray = at[1] is int;
        if (owner[name]?.GetValueKind() != (isArray ? JsonValueKind.Array : JsonValueKind.Object))
            owner[name] = isArray ? new JsonArray() : new JsonObject();
        Place(owner[name]!, at[1..], value);
    }

    private static bool Leads(JsonNode? item, string field, object? further) =>
        item is JsonObject fields && fields.ContainsKey(field)
        && (further is null || fields[field]?.GetValueKind() == (further is int ? JsonValueKind.Array : JsonValueKind.Object));
}
