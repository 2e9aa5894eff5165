namespace RkLlama.Prompts.Jinja;

/// <summary>Counts what one rendering has used. Owned by its thread.</summary>
internal sealed class RenderBudget(RenderLimits limits, TimeProvider time, CancellationToken cancellationToken)
{
    // How many steps may pass between two looks at the clock.
    private const int StepsPerCheck = 4096;

    private readonly long _start = time.GetTimestamp();
    private long _steps;
    private long _characters;
    private long _items;
    private int _depth;

    public RenderLimits Limits => limits;

    /// <summary>Counts one operation.</summary>
    /// <exception cref="TemplateException">The rendering has used up its steps or its time.</exception>
    public void Step() => Step(1);

    /// <summary>Counts several operations, such as the comparisons that one of two nested values takes.</summary>
    /// <inheritdoc cref="Step()"/>
    public void Step(long count)
    {
        long before = _steps;
        _steps += count;
        if (_steps > limits.MaxSteps)
            throw new TemplateException("the chat template takes too many steps");
        if (before / StepsPerCheck != _steps / StepsPerCheck)
            CheckTime();
    }

    /// <summary>Counts list items before they are made.</summary>
    public void AddItems(long count)
    {
        _items += count;
        if (_items > limits.MaxItems)
            throw new TemplateException("the chat template makes too many list items");
    }

    /// <summary>Counts characters before they are written.</summary>
    public void AddCharacters(long count)
    {
        _characters += count;
        if (count > limits.MaxTextLength || _characters > limits.MaxCharacters)
            throw new TemplateException("the chat template writes too much text");
        if (count > StepsPerCheck)
            CheckTime();
    }

    /// <summary>
    /// Counts a level of nesting, before it is entered; <see cref="Leave"/> ends it. An exception ends the rendering, so levels that it passes
    /// need not be left.
    /// </summary>
    /// <exception cref="TemplateException">The rendering nests deeper than <see cref="RenderLimits.MaxDepth"/>.</exception>
    public void Enter()
    {
        if (++_depth > limits.MaxDepth)
            throw new TemplateException("the chat template nests too deeply");
    }

    public void Leave() => _depth--;

    private void CheckTime()
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (time.GetElapsedTime(_start) > limits.MaxTime)
            throw new TemplateException("the chat template takes too long");
    }
}
