using System.Text.RegularExpressions;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>The tags of functions and of their parameters. Reads the rest of a tag after <c>&lt;function=</c>, <c>&lt;parameter=</c> or <c>&lt;parameter name=</c>.</summary>
internal static partial class ParameterTag
{
    internal const string FunctionEnd = "</function>";

    /// <summary>The names of the elements of one argument.</summary>
    internal static readonly string[] Elements = ["parameter", "param", "argument", "arg"];

    /// <summary>The starts of the tags of one argument; the name of the parameter follows.</summary>
    internal static readonly string[] Opens = [.. Elements.SelectMany(static element => (string[])[$"<{element}=", $"<{element} name="])];

    /// <summary>The closing tags of one argument.</summary>
    internal static readonly string[] Closes = [.. Elements.Select(static element => $"</{element}>")];

    /// <summary>Returns the closing tags that models write at the end of a function or of a parameter of this name.</summary>
    internal static string[] EndsOf(string name, string element) =>
        [.. ((string[])[$"</{element}>", $"</{element}={name}>", $"</{name}>", FunctionEnd, "</invoke>"]).Where(static tag => tag.LastIndexOf('<') == 0).Distinct()];

    /// <summary>Returns the tags with which the arguments of a tool may begin: of an element with all of them, or of the first argument.</summary>
    internal static LiteralSet ArgumentTags(IReadOnlyList<string> parameters) =>
        new([.. ToolCallFields.ArgumentNames.Concat(parameters).Select(static name => $"<{name}>").Concat(Opens).Where(static tag => tag.LastIndexOf('<') == 0).Distinct()]);

    /// <summary>Starts an element at one of the tags.</summary>
    internal static ParseStep StartArgument(XmlCallParser element, string tool, string tag, IReadOnlyList<string> parameters)
    {
        bool isArgument = Opens.Contains(tag) || parameters.Contains(tag[1..^1]);
        ParseStep step = element.StartContent(tool, isArgument ? "function" : tag[1..^1]);
        for (int i = 0; isArgument && i < tag.Length; i++)
            step = element.Feed(tag[i]);
        return step;
    }

    /// <summary>Returns the name in the rest of a tag, with or without quotes. Other attributes may follow a name in quotes.</summary>
    internal static string NameIn(string tag)
    {
        string name = tag.Trim();
        if (name is ['"' or '\'', ..])
            name = name[1..].Split(name[0])[0];
        return name.TrimEnd(')').Trim();
    }

    /// <summary>Returns the name and the value if the value is an attribute, as in <c>city="Oslo"</c> and <c>"city" value="Oslo"</c>; null if it is not.</summary>
    internal static (string Name, string Value)? ValueIn(string tag) =>
        ValueAttribute.Match(tag) is { Success: true } match ? (match.Groups["name"].Value, match.Groups["value"].Value) : null;

    [GeneratedRegex("""
        ^\s*(["']?(?<name>[\w.-]+)["']?\s+value|(?<name>[\w.-]+))\s*=\s*("(?<value>[^"]*)"|'(?<value>[^']*)')\s*/?\z
        """, RegexOptions.CultureInvariant)]
    private static partial Regex ValueAttribute { get; }
}
