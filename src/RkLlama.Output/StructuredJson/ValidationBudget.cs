using System.Text.RegularExpressions;
using RkLlama.Prompts;

namespace RkLlama.Output.StructuredJson;

/// <summary>
/// Counts the work of one validation and enforces its limits. The limits are the same in every build and do not depend on the stack size of the thread.
/// </summary>
/// <param name="cpu">The processor time of the validation.</param>
internal sealed class ValidationBudget(CpuBudget cpu)
{
    /// <summary>
    /// The maximum number of steps. A step applies a schema to a value, compares two values, or matches a pattern. Typical validations need some hundred
    /// steps.
    /// </summary>
    internal const int MaxSteps = 100_000;

    /// <summary>
    /// The maximum depth of recursion: the number of schemas whose check has started and not ended. A schema that applies itself to the same value reaches
    /// this limit.
    /// </summary>
    internal const int MaxDepth = 256;

    /// <summary>
    /// The maximum wall-clock time of one pattern match. The time of a match is proportional to the length of the text, so only a very large pattern on a long
    /// text reaches this limit.
    /// </summary>
    internal static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(1);

    // The number of steps between two checks of the processor time and of cancellation.
    private const int StepsPerCheck = 64;

    // A pattern is matched to prefixes of the text first, each longer than the one before by this many characters, or by a larger part of a long text.
    private const int PrefixStep = 16;
    private const int MaxPrefixes = 256;

    /// <summary>
    /// The part of the processor time that is kept for the match that is running when the rest is used. <see cref="PatternSize"/> bounds how long it takes. A
    /// check that has no more time than this ends at once.
    /// </summary>
    internal static readonly TimeSpan MatchReserve = TimeSpan.FromMilliseconds(100);

    private int _steps;
    private int _depth;

    /// <summary>Counts one step.</summary>
    /// <exception cref="ValidationLimitException">The validation has taken too many steps or too much processor time.</exception>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    internal void Step()
    {
        if (++_steps > MaxSteps)
            throw TooManySteps();
        if (_steps % StepsPerCheck == 0 && cpu.IsExceeded())
            throw TooSlow();
    }

    /// <summary>Counts one step and one level of recursion. Called before a schema is applied; <see cref="Leave"/> is called afterwards.</summary>
    /// <exception cref="ValidationLimitException">The validation has taken too many steps or recurses too deeply.</exception>
    internal void Enter()
    {
        Step();
        if (_depth == MaxDepth)
            throw TooManySteps();
        _depth++;
    }

    internal void Leave() => _depth--;

    /// <summary>Matches a pattern and counts one step.</summary>
    /// <exception cref="ValidationLimitException">The validation has taken too many steps or too much processor time.</exception>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    internal bool IsMatch(Regex pattern, string text)
    {
        Step();
        try
        {
            // A match cannot be interrupted, and .NET builds the states of the automaton during a match, which may take milliseconds for each character. It keeps the
            // states, so the next match reads the same prefix at some nanoseconds for each character.
            int step = Math.Max(PrefixStep, text.Length / MaxPrefixes);
            for (int length = step; length < text.Length; length += step)
            {
                ThrowIfTooSlow();
                pattern.IsMatch(text.AsSpan(0, length));
            }

            ThrowIfTooSlow();
            return pattern.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            throw TooSlow();
        }
    }

    private void ThrowIfTooSlow()
    {
        if (cpu.IsExceeded(MatchReserve))
            throw TooSlow();
    }

    private static ValidationLimitException TooManySteps() => new("the schema takes too many steps to check");

    private static ValidationLimitException TooSlow() => new("the schema takes too long to check");
}

/// <summary>The validation exceeded a limit. The message names the limit.</summary>
internal sealed class ValidationLimitException(string message) : Exception(message);
