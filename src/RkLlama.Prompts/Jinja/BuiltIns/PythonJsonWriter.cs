using RkLlama.Prompts.Jinja.Operations;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.BuiltIns;

/// <summary>Writes values as JSON, in the format of Python's <c>json.dumps</c>. Chat templates use it as the filter <c>tojson</c>.</summary>
/// <param name="indent">The indentation of one level; null to write everything on one line.</param>
/// <param name="itemSeparator">The text between two items.</param>
/// <param name="keySeparator">The text between a key and its value.</param>
/// <param name="ensureAscii">Whether to escape all characters that are not ASCII.</param>
internal sealed class PythonJsonWriter(string? indent, StringValue itemSeparator, StringValue keySeparator, bool ensureAscii, bool sortKeys)
{
    public void Write(Value value, TextBuilder output) => Write(value, output, 0);

    private void Write(Value value, TextBuilder output, int level)
    {
        output.Budget.Step();
        output.Budget.Enter();
        switch (value)
        {
            case NoneValue:
                output.Append("null");
                break;
            case BooleanValue boolean:
                output.Append(boolean.IsTrue ? "true" : "false");
                break;
            case FloatValue number:
                output.Append(FloatText(number.Number));
                break;
            case NumberValue number:
                number.WriteText(output);
                break;
            case StringValue text:
                WriteText(text, output);
                break;
            case SequenceValue sequence:
                WriteSequence(sequence, output, level + 1);
                break;
            case DictValue dict:
                WriteDict(dict, output, level + 1);
                break;
            case GeneratorValue generator:
                // Jinja2 refuses it. The engine of llama.cpp writes a list, and templates are made for it, too.
                WriteSequence(new ListValue(ItemsOf(generator)), output, level + 1);
                break;
            default:
                throw new TemplateException($"Object of type {value.TypeName} is not JSON serializable");
        }
        output.Budget.Leave();
    }

    private static List<Value> ItemsOf(GeneratorValue generator)
    {
        List<Value> items = [];
        using IEnumerator<Value> all = generator.Iterate();
        while (all.MoveNext())
            items.Add(all.Current);
        return items;
    }

    private void WriteSequence(SequenceValue sequence, TextBuilder output, int level)
    {
        output.Append('[');
        for (int i = 0; i < sequence.Items.Count; i++)
        {
            if (i > 0)
                output.Append(itemSeparator);
            NewLine(output, level);
            Write(sequence.Items[i], output, level);
        }
        if (sequence.Items.Count > 0)
            NewLine(output, level - 1);
        output.Append(']');
    }

    private void WriteDict(DictValue dict, TextBuilder output, int level)
    {
        IEnumerable<KeyValuePair<Value, Value>> items = dict.Items;
        if (sortKeys)
            items = StableSort.Sort([.. dict.Items], item => item.Key, reverse: false, output.Budget);
        output.Append('{');
        bool first = true;
        foreach ((Value key, Value value) in items)
        {
            if (!first)
                output.Append(itemSeparator);
            first = false;
            NewLine(output, level);
            WriteText(KeyText(key, output.Budget), output);
            output.Append(keySeparator);
            Write(value, output, level);
        }
        if (!first)
            NewLine(output, level - 1);
        output.Append('}');
    }

    private void NewLine(TextBuilder output, int level)
    {
        if (indent is null)
            return;
        output.Append('\n');
        for (int i = 0; i < level; i++)
            output.Append(indent);
    }

    private void WriteText(StringValue text, TextBuilder output)
    {
        string all = text.Text;
        output.Append('"');
        for (int start = 0; start < all.Length;)
        {
            int end = start;
            while (end < all.Length && Escape(all[end]) is null)
                end++;
            output.Append(text, start, end - start);
            if (end < all.Length)
                output.Append(Escape(all[end])!, text.IsFromRequestAt(end));
            start = end + 1;
        }
        output.Append('"');
    }

    private string? Escape(char character) => character switch
    {
        '"' => "\\\"",
        '\\' => @"\\",
        '\n' => @"\n",
        '\r' => @"\r",
        '\t' => @"\t",
        '\b' => @"\b",
        '\f' => @"\f",
        < ' ' => $"\\u{(int)character:x4}",
        > '~' when ensureAscii => $"\\u{(int)character:x4}",
        _ => null,
    };

    private static StringValue KeyText(Value key, RenderBudget budget) => key switch
    {
        StringValue text => text,
        NoneValue => StringValue.FromTemplate("null"),
        BooleanValue boolean => StringValue.FromTemplate(boolean.IsTrue ? "true" : "false"),
        FloatValue number => StringValue.FromTemplate(FloatText(number.Number)),
        NumberValue number => number.ToStringValue(budget),
        _ => throw new TemplateException($"keys must be str, int, float, bool or None, not {key.TypeName}"),
    };

    private static string FloatText(double number) => number switch
    {
        double.NaN => "NaN",
        double.PositiveInfinity => "Infinity",
        double.NegativeInfinity => "-Infinity",
        _ => PythonNumbers.Format(number),
    };

    /// <summary>The filter <c>tojson(ensure_ascii=False, indent=None, separators=None, sort_keys=False)</c>.</summary>
    public static StringValue Filter(Value value, CallArguments arguments)
    {
        Value?[] values = arguments.Bind("ensure_ascii", "indent", "separators", "sort_keys");
        string? indent = values[1] switch
        {
            null or NoneValue => null,
            StringValue text => text.Text,
            Value number => new string(' ', Math.Clamp(CallArguments.Integer(number, "indent")!.Value, 0, 1000)),
        };
        (StringValue item, StringValue key) = (StringValue.FromTemplate(indent is null ? ", " : ","), StringValue.FromTemplate(": "));
        if (values[2] is not (null or NoneValue))
        {
            List<Value> separators = values[2]!.ToList(arguments.Budget);
            if (separators is not [StringValue first, StringValue second])
                throw new TemplateException("separators must be a pair of strings");
            (item, key) = (first, second);
        }
        TextBuilder output = new(arguments.Budget);
        new PythonJsonWriter(indent, item, key, CallArguments.Flag(values[0], false), CallArguments.Flag(values[3], false)).Write(value, output);
        return output.ToValue();
    }
}
