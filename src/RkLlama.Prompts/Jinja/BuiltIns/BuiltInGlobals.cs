using System.Numerics;
using RkLlama.Prompts.Jinja.Operations;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.BuiltIns;

/// <summary>The functions that every template can call.</summary>
internal static class BuiltInGlobals
{
    // The maximum number of items of a range, as in jinja2's sandbox.
    private const int MaxRange = 100_000;

    /// <summary>
    /// The scope with these functions: the parent of the outermost scope of every rendering. Created once, shared by all renderings, and never changed.
    /// </summary>
    public static Scope Scope { get; } = CreateScope();

    private static Scope CreateScope()
    {
        Scope scope = new(null);
        scope.Set("dict", new FunctionValue("dict", Dict));
        scope.Set("namespace", new FunctionValue("namespace", arguments => new NamespaceValue(Dict(arguments))));
        scope.Set("raise_exception", new FunctionValue("raise_exception", RaiseException));
        scope.Set("range", new FunctionValue("range", Range));
        scope.Set("strftime_now", new FunctionValue("strftime_now", StrftimeNow));
        return scope;
    }

    private static DictValue Dict(CallArguments arguments)
    {
        DictValue dict = new();
        if (arguments.Positional.Count > 1)
            throw new TemplateException($"dict expected at most 1 argument, got {arguments.Positional.Count}");
        if (arguments.Positional is [DictValue source])
        {
            foreach ((Value key, Value value) in source.Items)
                dict.Set(key, value);
        }
        else if (arguments.Positional is [var pairs])
        {
            foreach (Value pair in pairs.ToList(arguments.Budget))
            {
                if (pair.ToList(arguments.Budget) is not [var key, var value])
                    throw new TemplateException("dictionary update sequence element has the wrong length; 2 is required");
                dict.Set(key, value);
            }
        }
        foreach ((string key, Value value) in arguments.Named)
            dict.Set(key, value);
        return dict;
    }

    private static Value RaiseException(CallArguments arguments)
    {
        Value message = CallArguments.Required(arguments.Bind("message")[0], "message");
        throw new TemplateException(message.ToStringValue(arguments.Budget).Text, isRefusal: true);
    }

    private static RangeValue Range(CallArguments arguments)
    {
        Value?[] values = arguments.BindPositional(1, 3);
        BigInteger[] numbers = [.. values.TakeWhile(value => value is not null).Select(value => value switch
        {
            IntegerValue integer => integer.Number,
            UndefinedValue undefined => throw undefined.Error(),
            _ => throw new TemplateException($"'{value!.TypeName}' object cannot be interpreted as an integer"),
        })];
        BigInteger start = numbers.Length > 1 ? numbers[0] : 0;
        BigInteger stop = numbers.Length > 1 ? numbers[1] : numbers[0];
        BigInteger step = numbers.Length > 2 ? numbers[2] : 1;
        if (step.IsZero)
            throw new TemplateException("range() arg 3 must not be zero");
        BigInteger distance = step.Sign > 0 ? stop - start : start - stop;
        BigInteger count = distance.Sign <= 0 ? 0 : ((distance - 1) / BigInteger.Abs(step)) + 1;
        return count <= MaxRange
            ? new RangeValue(start, stop, step, (int)count)
            : throw new TemplateException($"Range too big. The sandbox blocks ranges larger than MAX_RANGE ({MaxRange}).");
    }

    private static StringValue StrftimeNow(CallArguments arguments)
    {
        StringValue format = CallArguments.String(arguments.Bind("format")[0], "format");
        return StringValue.FromTemplate(Strftime.Format(arguments.State.Now, format.Text));
    }
}
