/* Values out of a Python object, fast: a list, a tuple, or any one-dimensional buffer of signed
 * integers (array.array, memoryview, a numpy array). */
#ifndef QUELEA_TAKE_H
#define QUELEA_TAKE_H

#include <Python.h>

#include "kernel.h"

enum { TAKE_MAX = VALUES_MAX - 1 };

static int take_refuse(long long value)
{
    PyErr_Format(PyExc_ValueError, "the value %lld is outside |q| < 2^23; clamp it first", value);
    return -1;
}

static int take_items(PyObject *const *items, Py_ssize_t count, int32_t *values)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        long value = PyLong_AsLong(items[i]);
        if (value >= Q_LIMIT || value <= -Q_LIMIT)
            return take_refuse(value);
        if (value == -1 && PyErr_Occurred())
            return -1;
        values[i] = (int32_t)value;
    }
    return (int)count;
}

static int take_view(const Py_buffer *view, int32_t *values)
{
    Py_ssize_t count = view->len / view->itemsize;
    for (Py_ssize_t i = 0; i < count; i++) {
        long long value = view->itemsize == 4   ? ((const int32_t *)view->buf)[i]
                          : view->itemsize == 8 ? ((const int64_t *)view->buf)[i]
                                                : ((const int16_t *)view->buf)[i];
        if (value >= Q_LIMIT || value <= -Q_LIMIT)
            return take_refuse(value);
        values[i] = (int32_t)value;
    }
    return (int)count;
}

static int take_buffer(PyObject *object, int32_t *values, int most)
{
    Py_buffer view;
    int count = -1;
    if (PyObject_GetBuffer(object, &view, PyBUF_ND | PyBUF_FORMAT))
        return -1;
    char kind = view.format ? view.format[0] : 'B';
    int known = kind && view.format[1] == 0 && strchr("hilq", kind) &&
                (view.itemsize == 2 || view.itemsize == 4 || view.itemsize == 8);
    if (view.ndim != 1 || !known)
        PyErr_Format(PyExc_TypeError,
                     "values of format '%s' in %d dimensions; one dimension of signed 16-, 32- or "
                     "64-bit integers is taken", view.format ? view.format : "B", view.ndim);
    else if (view.len / view.itemsize > most)
        count = most + 1;
    else
        count = take_view(&view, values);
    PyBuffer_Release(&view);
    return count;
}

/* Fill values; returns their number, or -1 with an exception set. */
static int take_values(PyObject *object, int32_t *values, int most)
{
    int count;
    if (PyList_CheckExact(object) || PyTuple_CheckExact(object)) {
        Py_ssize_t size = Py_SIZE(object);
        count = size > most ? most + 1
                            : take_items(PySequence_Fast_ITEMS(object), size, values);
    } else
        count = take_buffer(object, values, most);
    if (count > most) {
        PyErr_Format(PyExc_ValueError, "more than %d values; so many may meet in one sum", most);
        return -1;
    }
    return count;
}

/* One call from Python: the estimate, or the own value when there are too few (the node holds). */
static PyObject *take_and_run(const struct isa *isa, enum rule rule, PyObject *own,
                              PyObject *received, long faults)
{
    int32_t values[VALUES_MAX + 17];
    int count = take_values(received, values, TAKE_MAX);
    if (count < 0)
        return NULL;
    if (faults < 0 || faults > FAULTS_MAX)
        return PyErr_Format(PyExc_ValueError, "faults_max is %ld; 0..%d are allowed", faults,
                            FAULTS_MAX);
    if (take_items(&own, 1, values + count) < 0)
        return NULL;
    if (rule != RULE_MEAN && count < 2 * faults + 1)
        return PyLong_FromLong(values[count]);
    return PyLong_FromLong(isa->one[rule](values, count, (int)faults));
}

/* The same for the trimmed mean without an own value: the last one takes its place. */
static PyObject *take_and_trim(const struct isa *isa, PyObject *received, long faults)
{
    int32_t values[VALUES_MAX + 17];
    int count = take_values(received, values, VALUES_MAX);
    if (count < 0)
        return NULL;
    if (faults < 0 || count < 2 * faults + 1)
        return PyErr_Format(PyExc_ValueError,
                            "%d values and faults_max %ld; at least 2 F + 1 values are needed",
                            count, faults);
    return PyLong_FromLong(isa->one[RULE_TRIM](values, count - 1, (int)faults));
}

#endif
