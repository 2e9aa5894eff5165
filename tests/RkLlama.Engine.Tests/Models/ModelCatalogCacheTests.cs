using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Models;
using RkLlama.Engine.Tests.Support;
using Xunit.Abstractions;

namespace RkLlama.Engine.Tests.Models;

public sealed class ModelCatalogCacheTests(ITestOutputHelper output) : IDisposable
{
    private const int Many = 1000;

    private readonly TempDirectory _root = new();

    // Later than all files of the test, so that their values are kept.
    private readonly FakeTimeProvider _later = new(DateTimeOffset.UtcNow.AddMinutes(1));

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_second_list_of_a_thousand_models_opens_nothing()
    {
        for (int i = 0; i < Many; i++)
            Add($"model-{i}");
        ModelCatalog catalog = new(_root.Path, _later);

        Measure("cold list", () => catalog.List().Should().HaveCount(Many));
        long cold = catalog.Reads;
        Measure("warm list", () => catalog.List().Should().HaveCount(Many));
        Measure("first descriptions", () => catalog.Describe().Should().HaveCount(Many));
        Measure("warm descriptions", () => catalog.Describe().Should().HaveCount(Many).And.OnlyContain(model => model.Size == 5));
        Measure("resolve", () => catalog.Resolve("model-77").Should().Be("model-77"));

        cold.Should().Be(Many, "each Modelfile is read once");
        catalog.Reads.Should().Be(cold, "nothing has changed");
    }

    [Fact]
    public void The_time_of_a_list_grows_with_the_number_of_models_and_not_faster()
    {
        using TempDirectory few = new();
        for (int i = 0; i < Many; i++)
            Add($"model-{i}");
        for (int i = 0; i < Many / 10; i++)
            Add($"model-{i}", few);

        // The shortest of several times, because other processes may delay a list. Each cold list has its own catalog.
        TimeSpan cold = Shortest(() => new ModelCatalog(_root.Path, _later).List());
        TimeSpan coldFew = Shortest(() => new ModelCatalog(few.Path, _later).List());
        ModelCatalog catalog = new(_root.Path, _later), fewCatalog = new(few.Path, _later);
        catalog.List();
        fewCatalog.List();
        TimeSpan warm = Shortest(() => catalog.List());
        TimeSpan warmFew = Shortest(() => fewCatalog.List());

        output.WriteLine($"cold {cold.TotalMilliseconds:0.0} ms, warm {warm.TotalMilliseconds:0.0} ms; a tenth of the models: cold {coldFew.TotalMilliseconds:0.0} ms, warm {warmFew.TotalMilliseconds:0.0} ms");
        warm.Should().BeLessThan(cold, "nothing is opened");
        warm.Should().BeLessThan(warmFew * 40, "there are ten times as many models");
        cold.Should().BeLessThan(coldFew * 40, "there are ten times as many models");
    }

    [Fact]
    public void A_list_of_many_loose_files_opens_each_Modelfile_once()
    {
        for (int i = 0; i < Many / 2; i++)
        {
            Add($"model-{i}");
            _root.Write($"loose-{i}.rkllm", "model");
        }

        ModelCatalog catalog = new(_root.Path, _later);

        Measure("cold descriptions with loose files", () => catalog.Describe().Should().HaveCount(Many));
        Measure("warm descriptions with loose files", () => catalog.Describe().Should().HaveCount(Many));

        catalog.Reads.Should().Be(Many / 2);
    }

    [Fact]
    public void A_changed_Modelfile_is_read_again()
    {
        Add("m");
        ModelCatalog catalog = new(_root.Path, _later);
        catalog.Find("m").Modelfile.TopK.Should().BeNull();

        _root.Write("m/Modelfile", "FROM=\"m.rkllm\"\nTOP_K=5\n");

        catalog.Find("m").Modelfile.TopK.Should().Be(5);
        catalog.Reads.Should().Be(2);
    }

    [Fact]
    public void A_Modelfile_that_was_just_written_is_not_trusted()
    {
        Add("m");
        ModelCatalog catalog = new(_root.Path);

        catalog.Find("m");
        catalog.Find("m");

        catalog.Reads.Should().Be(2, "a change within the resolution of the clock would not be seen");
    }

    [Fact]
    public void A_model_whose_file_disappears_and_comes_back_is_seen_without_a_read()
    {
        Add("m");
        ModelCatalog catalog = new(_root.Path, _later);
        catalog.List().Should().Equal("m");

        File.Move(_root.At("m/m.rkllm"), _root.At("elsewhere"));
        catalog.List().Should().BeEmpty();
        File.Move(_root.At("elsewhere"), _root.At("m/m.rkllm"));

        catalog.List().Should().Equal("m");
        catalog.Reads.Should().Be(1);
    }

    [Fact]
    public void An_invalid_Modelfile_is_reported_each_time_and_read_once()
    {
        Add("m");
        _root.Write("m/Modelfile", "FROM: broken");
        ModelCatalog catalog = new(_root.Path, _later);

        for (int i = 0; i < 3; i++)
            FluentActions.Invoking(() => catalog.Find("m")).Should().Throw<ModelException>().Which.Kind.Should().Be(ModelErrorKind.ModelfileInvalid);

        catalog.Reads.Should().Be(1);
    }

    [Fact]
    public void A_copy_with_a_hard_link_does_not_hide_the_loose_file()
    {
        _root.Write("m.rkllm", "model");
        _root.Write("copy/Modelfile", "FROM=\"m.rkllm\"\n");
        Shell.Run("ln", _root.At("m.rkllm"), _root.At("copy/m.rkllm")).Should().BeTrue();

        new ModelCatalog(_root.Path).List().Should().Equal("copy", "m");
    }

    private void Add(string name) => Add(name, _root);

    private static void Add(string name, TempDirectory root)
    {
        root.Write($"{name}/m.rkllm", "model");
        root.Write($"{name}/Modelfile", "FROM=\"m.rkllm\"\n");
    }

    private static TimeSpan Shortest(Action action) => Enumerable.Range(0, 5).Min(_ =>
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start);
    });

    private void Measure(string what, Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0.0} ms"));
    }
}
