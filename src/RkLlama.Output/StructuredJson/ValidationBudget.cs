using System.Diagnostics;
using System.Text.RegularExpressions;

namespace RkLlama.Output.StructuredJson;

/// <summary>Limits of one validation. They are the same in every build and do not depend on the stack size of the thread.</summary>
internal sealed class ValidationBudget
{
    /// <summary>Maximum number of steps. A step applies a schema or compares two values. Typical validations take some hundred steps.</summary>
    internal const int MaxSteps = 100_000;

    /// <summary>Maximum nesting of applied schemas. A schema that refers to itself without descending into the value reaches this limit.</summary>
    internal const int MaxDepth = 256;

    /// <summary>Timeout of one pattern match.</summary>
    internal static readonly TimeSpan MatchTimeout = TimeSpan.FromMilliseconds(50);

    /// <summary>Maximum total time of all pattern matches in one validation.</summary>
    internal static readonly TimeSpan MaxMatchTime = TimeSpan.FromSeconds(1);

    private int _steps;
    private int _depth;
    private TimeSpan _matchTime;

    /// <exception cref="ValidationLimitException">The validation has taken too many steps.</exception>
    internal void Step()
    {
        if (++_steps > MaxSteps)
            throw TooManySteps();
    }

    /// <summary>Counts the start of applying a schema. Called before any recursion.</summary>
    /// <exception cref="ValidationLimitException">The validation has taken too many steps, or schemas nest too deeply.</exception>
    internal void Enter()
    {
        Step();
        if (_depth == MaxDepth)
            throw TooManySteps();
        _depth++;
    }

    internal void Leave() => _depth--;

    /// <exception cref="ValidationLimitException">This match, or all matches together, took too long.</exception>
    internal bool IsMatch(Regex pattern, string text)
    {
        Step();
        if (_matchTime > MaxMatchTime)
            throw TooSlow();
        long start = Stopwatch.GetTimestamp();
        try
        {
            return pattern.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            throw TooSlow();
        }
        finally
        {
            _matchTime += Stopwatch.GetElapsedTime(start);
        }
    }

    private static ValidationLimitException TooManySteps() => new("the schema takes too many steps to check");

    private static ValidationLimitException TooSlow() => new("a pattern of the schema takes too long to match");
}

/// <summary>The validation exceeded a limit. The message names the limit.</summary>
internal sealed class ValidationLimitException(string message) : Exception(message);
