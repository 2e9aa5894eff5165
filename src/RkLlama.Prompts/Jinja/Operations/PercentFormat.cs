using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Operations;

/// <summary>Python's operator <c>%</c> on strings: <c>format % values</c>.</summary>
internal sealed class PercentFormat
{
    private readonly StringValue _format;
    private readonly Value _values;
    private readonly RenderBudget _budget;
    private readonly IReadOnlyList<Value> _positional;
    private int _next;
    private bool _usesNames;

    private PercentFormat(StringValue format, Value values, RenderBudget budget)
    {
        _format = format;
        _values = values;
        _budget = budget;
        _positional = values is TupleValue tuple ? tuple.Items : [values];
    }

    public static StringValue Apply(StringValue format, Value values, RenderState state) => new PercentFormat(format, values, state.Budget).Run();

    private StringValue Run()
    {
        TextBuilder output = new(_budget);
        string all = _format.Text;
        int at = 0;
        while (true)
        {
            int percent = all.IndexOf('%', at);
            output.Append(_format, at, (percent < 0 ? all.Length : percent) - at);
            if (percent < 0)
                break;
            at = percent + 1;
            WriteConversion(all, ref at, output);
        }
        bool allUsed = _usesNames || _next == _positional.Count
            || (_next == 0 && _values is not TupleValue and not StringValue && (_values is DictValue or ListValue or UndefinedValue));
        return allUsed
            ? output.ToValue().AsMarkup(_format.IsMarkup)
            : throw new TemplateException("not all arguments converted during string formatting");
    }

    private void WriteConversion(string all, ref int at, TextBuilder output)
    {
        Value? named = ReadName(all, ref at);
        FormatSpec spec = new();
        bool left = false, zero = false;
        for (; at < all.Length && all[at] is '-' or '+' or ' ' or '#' or '0'; at++)
        {
            left |= all[at] == '-';
            zero |= all[at] == '0';
            if (all[at] == '#')
                spec = spec with { Alternate = true };
            else if (all[at] == '+' || (all[at] == ' ' && spec.Sign != '+'))
                spec = spec with { Sign = all[at] };
        }
        int? width = ReadNumber(all, ref at);
        left |= width < 0;
        spec = spec with { Width = Math.Abs(width ?? 0) };
        if (at < all.Length && all[at] == '.')
        {
            at++;
            spec = spec with { Precision = Math.Max(ReadNumber(all, ref at) ?? 0, 0) };
        }
        while (at < all.Length && all[at] is 'h' or 'l' or 'L')
            at++;
        if (at == all.Length)
            throw new TemplateException("incomplete format");
        char type = all[at++];
        if (type == '%')
        {
            output.Append('%');
            return;
        }
        output.Append(Convert(type, named ?? Next(), spec, left, zero));
    }

    private StringValue Convert(char type, Value value, FormatSpec spec, bool left, bool zero)
    {
        switch (type)
        {
            case 's' or 'r' or 'a':
                TextBuilder text = new(_budget);
                if (type == 's')
                    value.WriteText(text);
                else
                    value.WriteRepr(text);
                StringValue written = text.ToValue();
                if (_format.IsMarkup && value is not StringValue { IsMarkup: true })
                    written = PythonStrings.EscapeMarkup(written, _budget);
                return (spec with { Align = left ? '<' : '>' }).Text(written, _budget);
            case 'c':
                StringValue character = value is IntegerValue code
                    ? StringValue.FromTemplate(char.ConvertFromUtf32((int)System.Numerics.BigInteger.Clamp(code.Number, 0, 0x10FFFF)))
                    : CallArguments.String(value, "%c");
                return character.Length == 1
                    ? (spec with { Align = left ? '<' : '>', Precision = null }).Text(character, _budget)
                    : throw new TemplateException("%c requires int or char");
            case 'd' or 'i' or 'u' or 'o' or 'x' or 'X' or 'e' or 'E' or 'f' or 'F' or 'g' or 'G':
                return Number(type, value, spec, left, zero);
            default:
                throw new TemplateException($"unsupported format character '{type}'");
        }
    }

    private StringValue Number(char type, Value value, FormatSpec spec, bool left, bool zero)
    {
        if (value is UndefinedValue undefined)
            throw undefined.Error();
        if (value is not NumberValue number)
            throw new TemplateException($"%{type} format: a real number is required, not {value.TypeName}");
        spec = spec with { Align = left ? '<' : zero ? '=' : '>', Fill = zero && !left ? "0" : " " };
        if (type is 'e' or 'E' or 'f' or 'F' or 'g' or 'G')
            return (spec with { Type = type }).Apply(new FloatValue(number.ToDouble()), _budget);
        if (number is not IntegerValue integer)
        {
            if (type is 'o' or 'x' or 'X' || !double.IsFinite(number.ToDouble()))
                throw new TemplateException($"%{type} format: an integer is required, not float");
            integer = new IntegerValue(new System.Numerics.BigInteger(number.ToDouble()));
        }
        return (spec with { Type = type is 'o' or 'x' or 'X' ? type : 'd' }).Integer(integer.Number, _budget);
    }

    private Value? ReadName(string all, ref int at)
    {
        if (at == all.Length || all[at] != '(')
            return null;
        int depth = 1, start = ++at;
        for (; at < all.Length && depth > 0; at++)
            depth += all[at] == '(' ? 1 : all[at] == ')' ? -1 : 0;
        if (depth > 0)
            throw new TemplateException("incomplete format key");
        if (_values is not DictValue dict)
            throw new TemplateException("format requires a mapping");
        _usesNames = true;
        string name = all[start..(at - 1)];
        return dict.Find(StringValue.FromTemplate(name)) ?? throw new TemplateException($"missing format key '{name}'");
    }

    private int? ReadNumber(string all, ref int at)
    {
        if (at < all.Length && all[at] == '*')
        {
            at++;
            return CallArguments.Integer(Next(), "*");
        }
        int start = at;
        while (at < all.Length && char.IsAsciiDigit(all[at]))
            at++;
        if (at == start)
            return null;
        return int.TryParse(all.AsSpan(start, at - start), out int number) ? number : throw new TemplateException("width too big");
    }

    private Value Next() => _next < _positional.Count
        ? _positional[_next++]
        : throw new TemplateException("not enough arguments for format string");
}
