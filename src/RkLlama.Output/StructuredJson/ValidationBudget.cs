using System.Diagnostics;
using System.Text.RegularExpressions;

namespace RkLlama.Output.StructuredJson;

/// <summary>Limits of one validation. They do not depend on the build or on the size of a thread's stack.</summary>
internal sealed class ValidationBudget
{
    /// <summary>Schemas applied and values compared. A real schema takes some hundred steps for a real value.</summary>
    internal const int MaxSteps = 100_000;

    /// <summary>Nested applications of schemas. A schema that refers to itself without descending into the value reaches this limit.</summary>
    internal const int MaxDepth = 256;

    /// <summary>For one match of a pattern.</summary>
    internal static readonly TimeSpan MatchTimeout = TimeSpan.FromMilliseconds(50);

    /// <summary>For all matches of one validation.</summary>
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

    /// <summary>Starts to apply a schema, before any recursion.</summary>
    /// <exception cref="ValidationLimitException">The validation has taken too many steps, or schemas nest too deep.</exception>
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

/// <summary>A validation was given up; the message says why.</summary>
internal sealed class ValidationLimitException(string message) : Exception(message);
