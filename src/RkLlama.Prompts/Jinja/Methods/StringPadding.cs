using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Methods;

/// <summary>The methods of Python's <c>str</c> that pad a string to a width. Widths are in code points.</summary>
internal static class StringPadding
{
    /// <summary>
    /// Pads a string to a width with a fill character.
    /// </summary>
    /// <param name="left">Returns how many fill characters to put before the string. Its arguments are the total number of fill characters and the
    /// width.</param>
    public static StringValue Pad(StringValue text, CallArguments arguments, Func<int, int, int> left)
    {
        Value?[] values = arguments.BindPositional(1, 2);
        int width = CallArguments.Integer(values[0], "width")!.Value;
        StringValue fill = values[1] is null ? StringValue.FromTemplate(" ") : CallArguments.String(values[1], "fillchar");
        if (fill.Length != 1)
            throw new TemplateException("The fill character must be exactly one character long");
        int missing = width - text.Length!.Value;
        if (missing <= 0)
            return text;
        arguments.Budget.AddCharacters(missing);
        int before = left(missing, width);
        TextBuilder builder = new(arguments.Budget);
        for (int i = 0; i < before; i++)
            builder.Append(fill);
        builder.Append(text);
        for (int i = before; i < missing; i++)
            builder.Append(fill);
        return builder.ToValue().AsMarkup(text.IsMarkup);
    }

    public static StringValue ZeroFill(StringValue text, CallArguments arguments)
    {
        int missing = CallArguments.Integer(arguments.BindPositional(1, 1)[0], "width")!.Value - text.Length!.Value;
        if (missing <= 0)
            return text;
        arguments.Budget.AddCharacters(missing);
        int sign = text.Text is ['+' or '-', ..] ? 1 : 0;
        TextBuilder builder = new(arguments.Budget);
        builder.Append(text, 0, sign);
        builder.Append(new string('0', missing));
        builder.Append(text, sign, text.Text.Length - sign);
        return builder.ToValue().AsMarkup(text.IsMarkup);
    }

    public static StringValue ExpandTabs(StringValue text, CallArguments arguments)
    {
        int size = CallArguments.Integer(arguments.Bind("tabsize")[0], "tabsize") ?? 8;
        TextBuilder builder = new(arguments.Budget);
        int column = 0;
        for (int i = 0; i < text.Text.Length; i++)
        {
            char character = text.Text[i];
            if (character == '\t')
            {
                int width = size > 0 ? size - (column % size) : 0;
                arguments.Budget.AddCharacters(width);
                builder.Append(new string(' ', width));
                column += width;
                continue;
            }
            builder.Append(text, i, 1);
            column = character is '\n' or '\r' ? 0 : char.IsLowSurrogate(character) ? column : column + 1;
        }
        return builder.ToValue().AsMarkup(text.IsMarkup);
    }
}
