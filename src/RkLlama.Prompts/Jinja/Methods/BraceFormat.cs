using System.Globalization;
using RkLlama.Prompts.Jinja.Operations;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Methods;

/// <summary>
/// Python's <c>str.format</c> and <c>str.format_map</c>. For the members in a replacement field, such as <c>{a.b}</c>, the same sandbox rules apply as in
/// expressions.
/// </summary>
internal sealed class BraceFormat
{
    private const int MaxNesting = 2;

    private readonly IReadOnlyList<Value> _positional;
    private readonly Func<string, Value> _named;
    private readonly RenderState _state;
    private readonly bool _escapes;
    private int _automatic;
    private bool _isManual;

    private BraceFormat(IReadOnlyList<Value> positional, Func<string, Value> named, RenderState state, bool escapes)
    {
        _positional = positional;
        _named = named;
        _state = state;
        _escapes = escapes;
    }

    public static StringValue Apply(StringValue format, CallArguments arguments)
    {
        Value Named(string name) => arguments.Named.FirstOrDefault(item => item.Key == name).Value
            ?? throw new TemplateException($"missing format field '{name}'");
        return new BraceFormat(arguments.Positional, Named, arguments.State, format.IsMarkup).Run(format, MaxNesting);
    }

    public static StringValue ApplyMap(StringValue format, Value map, RenderState state)
    {
        Value Named(string name) => map.FindItem(StringValue.FromTemplate(name), state.Budget)
            ?? throw new TemplateException($"missing format field '{name}'");
        return new BraceFormat([], Named, state, format.IsMarkup).Run(format, MaxNesting);
    }

    private StringValue Run(StringValue format, int nesting)
    {
        if (nesting == 0)
            throw new TemplateException("Max string recursion exceeded");
        TextBuilder output = new(_state.Budget);
        string all = format.Text;
        for (int at = 0; at < all.Length;)
        {
            int brace = all.AsSpan(at).IndexOfAny('{', '}');
            output.Append(format, at, brace < 0 ? all.Length - at : brace);
            if (brace < 0)
                break;
            at += brace;
            if (at + 1 < all.Length && all[at + 1] == all[at])
            {
                output.Append(format, at, 1);
                at += 2;
            }
            else if (all[at] == '}')
            {
                throw new TemplateException("Single '}' encountered in format string");
            }
            else
            {
                int end = FieldEnd(all, at + 1);
                output.Append(Field(format.Slice(at + 1, end - at - 1), nesting));
                at = end + 1;
            }
        }
        return output.ToValue().AsMarkup(format.IsMarkup);
    }

    private static int FieldEnd(string all, int start)
    {
        int depth = 1;
        for (int at = start; at < all.Length; at++)
        {
            depth += all[at] == '{' ? 1 : all[at] == '}' ? -1 : 0;
            if (depth == 0)
                return at;
        }
        throw new TemplateException("expected '}' before end of string");
    }

    private StringValue Field(StringValue field, int nesting)
    {
        string all = field.Text;
        int nameEnd = 0;
        for (bool inBrackets = false; nameEnd < all.Length && (inBrackets || all[nameEnd] is not (':' or '!')); nameEnd++)
            inBrackets = all[nameEnd] == '[' || (inBrackets && all[nameEnd] != ']');
        int specStart = nameEnd;
        char conversion = '\0';
        if (specStart < all.Length && all[specStart] == '!')
        {
            if (specStart + 1 >= all.Length || (specStart + 2 < all.Length && all[specStart + 2] != ':'))
                throw new TemplateException("expected ':' after conversion specifier");
            conversion = all[specStart + 1];
            specStart += 2;
        }
        Value value = Resolve(all[..nameEnd]);
        if (conversion is 'r' or 'a')
        {
            TextBuilder text = new(_state.Budget);
            value.WriteRepr(text);
            value = text.ToValue();
        }
        else if (conversion != '\0')
        {
            value = conversion == 's'
                ? value.ToStringValue(_state.Budget)
                : throw new TemplateException($"Unknown conversion specifier {conversion}");
        }
        string spec = specStart < all.Length ? Run(field.Slice(specStart + 1, all.Length - specStart - 1), nesting - 1).Text : "";
        return Format(value, spec);
    }

    private StringValue Format(Value value, string spec)
    {
        StringValue text;
        if (value is NumberValue or StringValue && spec.Length > 0)
            text = FormatSpec.Parse(spec).Apply(value, _state.Budget);
        else if (spec.Length == 0)
            text = value.ToStringValue(_state.Budget);
        else
            throw new TemplateException($"unsupported format string passed to {value.TypeName}.__format__");
        return _escapes && value is not StringValue { IsMarkup: true } ? PythonStrings.EscapeMarkup(text, _state.Budget) : text;
    }

    private Value Resolve(string name)
    {
        int end = name.AsSpan().IndexOfAny('.', '[');
        string first = end < 0 ? name : name[..end];
        Value value = First(first);
        for (int at = first.Length; at < name.Length;)
        {
            if (name[at] == '.')
            {
                int next = name.AsSpan(at + 1).IndexOfAny('.', '[');
                int stop = next < 0 ? name.Length : at + 1 + next;
                value = MemberAccess.GetAttribute(value, name[(at + 1)..stop], _state.Budget);
                at = stop;
            }
            else
            {
                int close = name.IndexOf(']', at);
                if (name[at] != '[' || close < 0)
                    throw new TemplateException("expected ']' in format string");
                string key = name[(at + 1)..close];
                value = MemberAccess.GetItem(value, IsNumber(key) ? new IntegerValue(int.Parse(key, CultureInfo.InvariantCulture)) : StringValue.FromTemplate(key), _state.Budget);
                at = close + 1;
            }
        }
        return value;
    }

    private Value First(string name)
    {
        bool automatic = name.Length == 0;
        if (!automatic && !IsNumber(name))
            return _named(name);
        if (automatic ? _isManual : _automatic > 0)
            throw new TemplateException("cannot mix manual field specification with automatic field numbering");
        _isManual |= !automatic;
        int index = automatic ? _automatic++ : int.Parse(name, CultureInfo.InvariantCulture);
        return index < _positional.Count
            ? _positional[index]
            : throw new TemplateException($"Replacement index {index} out of range for positional args tuple");
    }

    private static bool IsNumber(string text) => text.Length is > 0 and < 10 && text.All(char.IsAsciiDigit);
}
