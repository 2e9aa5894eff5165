using System.Globalization;
using System.Text.Json;

namespace RkLlama.Prompts.Tokenizers.Loading;

/// <summary>
/// A JSON value in the configuration of a tokenizer file; usually the object of one component. If a property is missing or has another type, the getters throw
/// <see cref="TokenizerException"/> with the names of the property and the component.
/// </summary>
internal sealed class ConfigNode
{
    private readonly Dictionary<string, ConfigNode> _properties = new(StringComparer.Ordinal);
    private readonly List<ConfigNode> _items = [];
    private JsonTokenType _kind;
    private string _text = "";

    public bool IsNull => _kind is JsonTokenType.Null or JsonTokenType.None;

    /// <summary>The type of the component, such as <c>Split</c>; a text for error messages if it has no type.</summary>
    public string Type => _properties.GetValueOrDefault("type")?._text ?? "a component without type";

    public static ConfigNode Read(ref JsonStreamReader json)
    {
        var node = new ConfigNode { _kind = json.TokenType };
        switch (json.TokenType)
        {
            case JsonTokenType.StartObject:
                for (json.Read(); json.TokenType != JsonTokenType.EndObject; json.Read())
                {
                    string name = json.GetString();
                    json.Read();
                    node._properties[name] = Read(ref json);
                }
                break;
            case JsonTokenType.StartArray:
                for (json.Read(); json.TokenType != JsonTokenType.EndArray; json.Read())
                    node._items.Add(Read(ref json));
                break;
            case JsonTokenType.String:
                node._text = json.GetString();
                break;
            case JsonTokenType.Number:
                node._text = json.GetDouble().ToString(CultureInfo.InvariantCulture);
                break;
        }
        return node;
    }

    public ConfigNode? Find(string name) => _properties.GetValueOrDefault(name) is { IsNull: false } node ? node : null;

    public IReadOnlyList<ConfigNode> GetItems(string name) =>
        Find(name) is { _kind: JsonTokenType.StartArray } list ? list._items : throw Invalid(name, "a list");

    public string GetString(string name) =>
        Find(name) is { _kind: JsonTokenType.String } value ? value._text : throw Invalid(name, "a string");

    public bool GetBool(string name, bool defaultValue) => Find(name) is not { } value ? defaultValue : value._kind switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw Invalid(name, "true or false"),
    };

    public int GetInt32(string name) =>
        Find(name) is { _kind: JsonTokenType.Number } value
        && int.TryParse(value._text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw Invalid(name, "a number");

    /// <summary>Returns a string property whose value must have exactly one UTF-16 unit. Longer values do not occur in known tokenizer files.</summary>
    public char GetChar(string name) => GetString(name) is { Length: 1 } text ? text[0] : throw Invalid(name, "one character");

    private TokenizerException Invalid(string name, string expected) =>
        new($"The tokenizer file is broken: \"{name}\" of {Type} is not {expected}.");
}
