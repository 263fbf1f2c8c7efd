;;; Native code compiled while the program runs, thousands of small functions, with the collector moving things.
(defun adder (number)
  (let ((*error-output* (make-broadcast-stream)))
    (compile nil `(lambda (x) (declare (fixnum x)) (loop repeat 200 do (setf x (logand (+ (* x 31) ,number) #xffffff))) x))))

(defun functions ()
  (loop with sum = 0 for number below 150
        do (setf sum (logxor sum (funcall (the function (adder number)) number)))
        finally (return sum)))

(defun fib (n) (declare (fixnum n)) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))

(defun big ()
  (loop with product = 1 for number from 1 to 1500 do (setf product (* product number))
        finally (return (mod product (1- (expt 10 40))))))

(defun floats ()
  (loop with x of-type double-float = 0.1d0 repeat 1000000 do (setf x (* 3.9d0 x (- 1d0 x))) finally (return x)))

(defun garbage ()
  (loop with table = (make-hash-table :test 'equal)
        for number below 100000
        do (setf (gethash (format nil "~36r" (mod number 2000)) table) (list number (* number 0.5d0)))
        finally (return (list (hash-table-count table) (gethash "ZZ" table)))))

(format t "functions ~a~%fib ~a~%big ~a~%floats ~a~%garbage ~a~%" (functions) (fib 27) (big) (floats) (garbage))
